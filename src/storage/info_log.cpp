#include "storage/info_log.hpp"

#include <algorithm>
#include <array>
#include <cstdio>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "chat/timestamp.hpp"

namespace parley::storage {

info_log::info_log(std::string file)
  : Logger(rocksdb::InfoLogLevel::WARN_LEVEL), file_(std::move(file)) {
  open();
}

info_log::~info_log() {
  if (fd_ >= 0)
    ::close(fd_);
}

void info_log::open() {
  if (fd_ >= 0)
    ::close(fd_);
  fd_ = ::open(file_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  struct stat state {};
  size_ = fd_ >= 0 && ::fstat(fd_, &state) == 0
            ? static_cast<std::uint64_t>(state.st_size)
            : 0;
}

void info_log::Logv(const char* format, va_list arguments) {
  std::array<char, 2048> text{};
  auto length = std::vsnprintf(text.data(), text.size(), format, arguments);
  if (length < 0)
    return;
  auto line = to_string(timestamp::now());
  line += ' ';
  line.append(text.data(),
              std::min(static_cast<std::size_t>(length), text.size() - 1));
  if (!line.ends_with('\n'))
    line += '\n';
  std::unique_lock guard{mutex_};
  if (size_ > max_bytes) {
    std::rename(file_.c_str(), (file_ + ".old").c_str());
    open();
  }
  if (fd_ < 0)
    return;
  auto written = ::write(fd_, line.data(), line.size());
  if (written > 0)
    size_ += static_cast<std::uint64_t>(written);
}

void info_log::LogHeader(const char*, va_list) {
  // nop
}

} // namespace parley::storage
