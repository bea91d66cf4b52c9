// How RocksDB is set up for this job: many small appends, point reads by id,
// short scans, a small share of the process' memory and of a 2-core machine.
#pragma once

#include <rocksdb/options.h>

namespace parley::storage {

// Memory that one open store takes at most, besides what reads pin: memtables
// and block cache.
inline constexpr std::size_t memtable_bytes = 8 * 1024 * 1024;
inline constexpr int memtable_count = 3;
inline constexpr std::size_t block_cache_bytes = 32 * 1024 * 1024;

[[nodiscard]] rocksdb::Options make_rocksdb_options();

} // namespace parley::storage
