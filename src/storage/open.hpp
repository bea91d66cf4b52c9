// Opens the embedded store.
#pragma once

#include <memory>
#include <string>

#include "chat/result.hpp"
#include "storage/store.hpp"

namespace parley::storage {

// Opens, or creates, the RocksDB store in `data_dir` and holds the folder's
// lock until destroyed. Fails with a sentence for the operator when another
// process has it, when it cannot be written, or when its schema is newer than
// ours. Older schemas are migrated.
[[nodiscard]] result<std::unique_ptr<store>>
open_rocksdb_store(const std::string& data_dir);

// Keeps everything in memory; for tests.
[[nodiscard]] std::unique_ptr<store> make_memory_store();

} // namespace parley::storage
