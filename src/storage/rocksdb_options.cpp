#include "storage/rocksdb_options.hpp"

#include <memory>

#include <rocksdb/cache.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/listener.h>
#include <rocksdb/slice_transform.h>
#include <rocksdb/table.h>

#include "storage/keys.hpp"

namespace parley::storage {

namespace {

// Recovery from a full disk is the store's (rocksdb_store::probe), so that it
// has one owner and one order of steps.
class no_auto_recovery final : public rocksdb::EventListener {
public:
  const char* Name() const override {
    return "parley.no_auto_recovery";
  }
  void OnErrorRecoveryBegin(rocksdb::BackgroundErrorReason, rocksdb::Status,
                            bool* auto_recovery) override {
    *auto_recovery = false;
  }
};

// The segments of a stream come in order, those of hundreds of streams by
// turns. Told which keys follow each other, a memtable finds the place of the
// next segment beside that of the last one: less than half the cost of a token
// here.
class segments_of_a_stream final : public rocksdb::SliceTransform {
public:
  const char* Name() const override {
    return "parley.segments_of_a_stream";
  }
  bool InDomain(const rocksdb::Slice& key) const override {
    return keys::is_segment(key.ToStringView());
  }
  rocksdb::Slice Transform(const rocksdb::Slice& key) const override {
    return {key.data(), keys::segments_of_size};
  }
};

rocksdb::BlockBasedTableOptions make_table_options() {
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = rocksdb::NewLRUCache(block_cache_bytes);
  // Index and filter blocks count against the cache's bound, and the hot ones
  // are not pushed out by scans.
  table.cache_index_and_filter_blocks = true;
  table.cache_index_and_filter_blocks_with_high_priority = true;
  table.pin_l0_filter_and_index_blocks_in_cache = true;
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  table.block_size = 8 * 1024;
  table.format_version = 5;
  return table;
}

} // namespace

rocksdb::Options make_rocksdb_options() {
  rocksdb::Options options;
  options.create_if_missing = true;
  options.paranoid_checks = true;

  // -- memory and files ----------------------------------------------------
  options.write_buffer_size = memtable_bytes;
  options.max_write_buffer_number = memtable_count;
  options.table_factory.reset(
    rocksdb::NewBlockBasedTableFactory(make_table_options()));
  options.max_open_files = 256;
  options.target_file_size_base = 16 * 1024 * 1024;
  options.max_bytes_for_level_base = 64 * 1024 * 1024;
  options.level_compaction_dynamic_level_bytes = true;
  options.compression = rocksdb::kLZ4Compression;
  options.bottommost_compression = rocksdb::kZSTD;

  // The store has one writer, and the hints below are for one.
  options.allow_concurrent_memtable_write = false;
  options.memtable_insert_with_hint_prefix_extractor =
    std::make_shared<segments_of_a_stream>();

  // -- threads: one flush and one compaction -------------------------------
  options.max_background_jobs = 2;

  // -- the write-ahead log -------------------------------------------------
  // What a kill or a loss of power tore off at the end was never acknowledged
  // as synced; everything before it is taken. A sync covers all of the log
  // before it, so nothing that was synced stands behind a torn record.
  options.wal_recovery_mode = rocksdb::WALRecoveryMode::kPointInTimeRecovery;
  // No recycling: an old log file must leave the disk, erased text with it.
  options.recycle_log_file_num = 0;
  options.WAL_ttl_seconds = 0;
  options.WAL_size_limit_MB = 0;

  // Opening needs little room and time: what the logs hold stays in memory
  // until there is a memtable of it.
  options.avoid_flush_during_recovery = true;

  // -- what RocksDB writes about itself; its log is the owner's (info_log) ---
  options.max_manifest_file_size = 4 * 1024 * 1024;
  options.stats_dump_period_sec = 0;
  options.stats_persist_period_sec = 0;

  options.listeners.push_back(std::make_shared<no_auto_recovery>());
  return options;
}

} // namespace parley::storage
