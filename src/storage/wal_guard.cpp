#include "storage/wal_guard.hpp"

#include <charconv>
#include <filesystem>
#include <memory>
#include <optional>
#include <system_error>

#include <fcntl.h>
#include <unistd.h>

#include <rocksdb/transaction_log.h>

namespace parley::storage {

namespace {

namespace fs = std::filesystem;

// `000012.log` is log file 12.
std::optional<std::uint64_t> log_number(const fs::path& file) {
  if (file.extension() != ".log")
    return std::nullopt;
  auto stem = file.stem().string();
  std::uint64_t number = 0;
  auto [end, code] =
    std::from_chars(stem.data(), stem.data() + stem.size(), number);
  if (code != std::errc{} || end != stem.data() + stem.size())
    return std::nullopt;
  return number;
}

bool cut(const fs::path& file, std::uint64_t size) {
  int fd = ::open(file.c_str(), O_WRONLY | O_CLOEXEC);
  if (fd < 0)
    return false;
  bool done = ::ftruncate(fd, static_cast<off_t>(size)) == 0;
  // Without this a loss of power could bring the tail back.
  done = ::fsync(fd) == 0 && done;
  ::close(fd);
  return done;
}

} // namespace

wal_guard::wal_guard(rocksdb::DB& db) {
  std::unique_ptr<rocksdb::LogFile> file;
  if (!db.GetCurrentWalFile(&file).ok())
    return;
  folder_ = db.GetName();
  number_ = file->LogNumber();
  size_ = file->SizeFileBytes();
}

bool wal_guard::cut_back() const {
  if (number_ == 0)
    return false;
  bool done = true;
  std::error_code failed;
  for (const auto& entry : fs::directory_iterator{folder_, failed}) {
    auto number = log_number(entry.path());
    if (!number || *number < number_)
      continue;
    auto keep = *number == number_ ? size_ : 0;
    if (entry.file_size(failed) > keep)
      done = cut(entry.path(), keep) && done;
  }
  return done && !failed;
}

} // namespace parley::storage
