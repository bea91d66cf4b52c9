// A disk that fails when it is told to: RocksDB's view of the file system with
// faults of our choice.
#pragma once

#include <atomic>
#include <memory>

#include <rocksdb/env.h>
#include <rocksdb/file_system.h>

namespace parley::storage {

enum class disk_fault {
  none,
  // Half of what is appended to the log arrives, then the disk is full.
  torn_append,
  // What is appended to the log arrives, but cannot be synced.
  failed_sync,
  // There is no room for tables.
  no_room_for_tables,
  // There is no room for anything.
  no_room,
  // A third of all appends and syncs, to any file, fails.
  shaky,
};

class faulty_env {
public:
  faulty_env();

  [[nodiscard]] rocksdb::Env* env() noexcept {
    return env_.get();
  }
  void set(disk_fault fault) noexcept {
    *fault_ = fault;
  }
  // How often the log was synced.
  [[nodiscard]] int syncs() const noexcept {
    return *syncs_;
  }

private:
  std::shared_ptr<std::atomic<disk_fault>> fault_;
  std::shared_ptr<std::atomic<int>> syncs_;
  std::unique_ptr<rocksdb::Env> env_;
};

} // namespace parley::storage
