#include "storage/folder_lock.hpp"

#include <array>
#include <cerrno>
#include <filesystem>
#include <system_error>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace parley::storage {

namespace {

tl::unexpected<error> unusable(const std::string& folder,
                               const std::string& why) {
  return fail(errc::storage_failed,
              "The data folder " + folder + " " + why + ".");
}

std::string text_of(int code) {
  return std::generic_category().message(code);
}

result<void> create(const std::string& folder) {
  std::filesystem::path path{folder};
  std::error_code failed;
  if (std::filesystem::is_directory(path, failed))
    return {};
  if (path.has_parent_path())
    std::filesystem::create_directories(path.parent_path(), failed);
  if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST)
    return unusable(folder, "cannot be created: " + text_of(errno));
  return {};
}

// What the process that holds the lock wrote into it.
std::string holder_of(int fd) {
  std::array<char, 16> digits{};
  auto n = ::pread(fd, digits.data(), digits.size(), 0);
  std::string text{digits.data(), n > 0 ? static_cast<std::size_t>(n) : 0};
  if (text.empty() || text.find_first_not_of("0123456789") != std::string::npos)
    return {};
  return " (process " + text + ")";
}

} // namespace

result<std::unique_ptr<folder_lock>>
folder_lock::acquire(const std::string& folder) {
  if (auto made = create(folder); !made)
    return fail(std::move(made.error()));
  auto file = folder + "/lock";
  int fd = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0)
    return unusable(folder, "cannot be written: " + text_of(errno));
  if (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
    int why = errno;
    auto holder = holder_of(fd);
    ::close(fd);
    if (why != EWOULDBLOCK)
      return unusable(folder, "cannot be locked: " + text_of(why));
    return unusable(folder, "is in use by another process" + holder
                              + ". Stop it, or choose another data-dir");
  }
  // Who holds it is a help for people; the lock holds without it too.
  auto pid = std::to_string(::getpid());
  if (::ftruncate(fd, 0) == 0) [[maybe_unused]]
    auto n = ::pwrite(fd, pid.data(), pid.size(), 0);
  return std::unique_ptr<folder_lock>{new folder_lock{fd}};
}

folder_lock::~folder_lock() {
  ::close(fd_);
}

} // namespace parley::storage
