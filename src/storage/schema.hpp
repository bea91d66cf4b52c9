// The version of what stands in a database, and how an older one is brought up.
#pragma once

#include <cstdint>

#include <rocksdb/db.h>

#include "chat/result.hpp"

namespace parley::storage {

// What this code writes. docs/storage_format.md tells what each version is.
inline constexpr std::uint64_t schema_version = 1;

// Marks an empty database with our version; brings an older one up, a version
// at a time, each step durable before the next. Refuses with a sentence for the
// operator one that is newer, or that Parley did not write.
[[nodiscard]] result<void> ensure_schema(rocksdb::DB& db);

} // namespace parley::storage
