#include "storage/disk_room.hpp"

#include <array>
#include <cerrno>
#include <system_error>

#include <fcntl.h>
#include <sys/statvfs.h>
#include <unistd.h>

namespace parley::storage {

namespace {

tl::unexpected<error> no_room(int why) {
  return fail(errc::storage_failed, "The store's disk cannot be written: "
                                      + std::generic_category().message(why)
                                      + ".");
}

// 0 or an errno.
int reserve_and_sync(int fd, std::uint64_t bytes) {
  if (::fallocate(fd, 0, 0, static_cast<off_t>(bytes)) != 0
      && errno != EOPNOTSUPP && errno != ENOSYS && errno != EINTR)
    return errno;
  std::array<char, 64 * 1024> block{};
  std::size_t written = 0;
  while (written < block.size()) {
    auto n = ::write(fd, block.data() + written, block.size() - written);
    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0)
      return n < 0 ? errno : ENOSPC;
    written += static_cast<std::size_t>(n);
  }
  return ::fsync(fd) == 0 ? 0 : errno;
}

} // namespace

result<void> check_free_space(const std::string& folder, std::uint64_t bytes) {
  struct statvfs state {};
  if (::statvfs(folder.c_str(), &state) != 0)
    return no_room(errno);
  if ((state.f_flag & ST_RDONLY) != 0)
    return no_room(EROFS);
  auto free = std::uint64_t{state.f_bavail} * state.f_frsize;
  if (free < bytes)
    return no_room(ENOSPC);
  return {};
}

result<void> prove_room(const std::string& folder, std::uint64_t bytes) {
  if (auto enough = check_free_space(folder, bytes); !enough)
    return enough;
  auto file = folder + "/room";
  int fd = ::open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0)
    return no_room(errno);
  int why = reserve_and_sync(fd, bytes);
  ::close(fd);
  ::unlink(file.c_str());
  if (why != 0)
    return no_room(why);
  return {};
}

} // namespace parley::storage
