// What `load` looks at, taken from the process.
#include <cerrno>
#include <cstring>
#include <memory>

#include <fcntl.h>
#include <unistd.h>

#include "config/load.hpp"

namespace parley::config {

namespace {

constexpr std::size_t max_file_bytes = 1024 * 1024;

// Closes a file descriptor at the end of a scope.
class descriptor {
public:
  explicit descriptor(int fd) : fd_(fd) {
  }
  descriptor(const descriptor&) = delete;
  descriptor& operator=(const descriptor&) = delete;
  ~descriptor() {
    if (fd_ >= 0)
      ::close(fd_);
  }

  [[nodiscard]] int get() const {
    return fd_;
  }

private:
  int fd_;
};

tl::unexpected<std::string> reason(int code) {
  return tl::unexpected<std::string>{std::strerror(code)};
}

} // namespace

tl::expected<std::string, std::string> read_text_file(const std::string& path) {
  descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (file.get() < 0)
    return reason(errno);
  std::string text;
  std::string chunk(64 * 1024, '\0');
  for (;;) {
    auto count = ::read(file.get(), chunk.data(), chunk.size());
    if (count < 0 && errno == EINTR)
      continue;
    if (count < 0)
      return reason(errno);
    if (count == 0)
      return text;
    text.append(chunk, 0, static_cast<std::size_t>(count));
    if (text.size() > max_file_bytes)
      return tl::unexpected<std::string>{"is larger than 1 MiB"};
  }
}

load_input input_of_process(int argc, const char* const* argv) {
  load_input input;
  for (int i = 1; i < argc; ++i)
    input.arguments.emplace_back(argv[i]);
  for (auto** entry = environ; entry && *entry; ++entry) {
    std::string_view text{*entry};
    if (auto equals = text.find('=');
        text.starts_with("PARLEY_") && equals != std::string_view::npos)
      input.environment.emplace(text.substr(0, equals),
                                text.substr(equals + 1));
  }
  input.read_file = &read_text_file;
  return input;
}

} // namespace parley::config
