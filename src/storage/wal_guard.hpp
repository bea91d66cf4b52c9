// Keeps a write that failed from coming back.
//
// RocksDB appends a batch to its write-ahead log before anything else. When
// that fails half-way, or the append succeeds and the sync fails, the caller
// was told "no", but the bytes may stand in the log, and the next start would
// replay them. So the log's length is noted before each write, and after a
// failed one the log is cut back to it. RocksDB takes no further write after
// such an error until it is opened anew, so nobody else appends meanwhile.
#pragma once

#include <cstdint>
#include <string>

#include <rocksdb/db.h>

namespace parley::storage {

class wal_guard {
public:
  // Has nothing to cut.
  wal_guard() = default;
  // Notes where the log of `db` ends: one `stat`.
  explicit wal_guard(rocksdb::DB& db);

  // Cuts the log back to the noted end, and the logs that were begun since to
  // nothing. Works on an open store and on one that was closed since. False
  // where the file system does not let us.
  [[nodiscard]] bool cut_back() const;

private:
  std::string folder_;
  std::uint64_t number_ = 0; // of the log file; 0: there was none to note
  std::uint64_t size_ = 0;
};

} // namespace parley::storage
