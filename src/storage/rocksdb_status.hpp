// RocksDB's status codes become errors here, and nowhere else.
#pragma once

#include <string_view>

#include <rocksdb/status.h>

#include "chat/result.hpp"

namespace parley::storage {

// errc::storage_failed. `tried` completes "The store could not …". Status texts
// hold file names and numbers, never keys or values of ours.
[[nodiscard]] inline tl::unexpected<error>
storage_error(std::string_view tried, const rocksdb::Status& status) {
  std::string detail{"The store could not "};
  detail += tried;
  detail += ": ";
  detail += status.ToString();
  return fail(errc::storage_failed, std::move(detail));
}

} // namespace parley::storage
