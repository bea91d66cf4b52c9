// RocksDB's status codes become errors here, and nowhere else.
#pragma once

#include <string>
#include <string_view>

#include <rocksdb/status.h>

#include "chat/result.hpp"

namespace parley::storage {

// Paths cut down to the names of their files: where a server keeps its data is
// no business of a client, to whom a detail may be shown.
[[nodiscard]] std::string without_folders(std::string_view text);

// errc::storage_failed. `tried` completes "The store could not …". Status texts
// hold file names and numbers, never keys or values of ours.
[[nodiscard]] tl::unexpected<error>
storage_error(std::string_view tried, const rocksdb::Status& status);

} // namespace parley::storage
