// Where RocksDB writes what it has to say about itself: warnings and errors, in
// one file of bounded size.
//
// RocksDB's own logger is not used because of what it does on a full disk: the
// line after the first one that failed aborts the process where the library is
// built with assertions, as Debian's is. This one drops what it cannot write.
#pragma once

#include <cstdarg>
#include <cstdint>
#include <mutex>
#include <string>

#include <rocksdb/env.h>

namespace parley::storage {

class info_log final : public rocksdb::Logger {
public:
  // One file before the current one is kept, as `file`.old.
  static constexpr std::uint64_t max_bytes = 1024 * 1024;

  explicit info_log(std::string file);
  ~info_log() override;

  // Any thread.
  void Logv(const char* format, va_list arguments) override;
  // Hundreds of lines of settings at each start, which the source tells too.
  void LogHeader(const char* format, va_list arguments) override;

  using rocksdb::Logger::Logv;

private:
  void open();

  const std::string file_;
  std::mutex mutex_;
  int fd_ = -1;
  std::uint64_t size_ = 0;
};

} // namespace parley::storage
