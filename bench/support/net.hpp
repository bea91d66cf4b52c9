// The few socket calls that the benchmark's programs share. IPv4 loopback
// only: a benchmark never talks to another machine.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace parley::bench {

/// Microseconds of CLOCK_MONOTONIC, which all processes of a machine share.
std::int64_t now_us();

/// Raises the soft limit of open files to the hard one.
void raise_file_limit();

/// Prints what failed with errno's text and ends the program: a benchmark
/// that cannot do its job must not print figures.
[[noreturn]] void fail(const std::string& what);

/// Owns a file descriptor.
class unique_fd {
public:
  unique_fd() = default;
  explicit unique_fd(int fd) : fd_(fd) {
  }
  unique_fd(unique_fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {
  }
  unique_fd& operator=(unique_fd&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~unique_fd();

  int get() const {
    return fd_;
  }

private:
  int fd_ = -1;
};

/// A non-blocking listening socket on 127.0.0.1; port 0: the system chooses.
unique_fd listen_loopback(std::uint16_t port);

std::uint16_t local_port(const unique_fd& socket);

/// Accepts one connection (non-blocking, no delay), or none: an empty value.
unique_fd accept_one(const unique_fd& listener);

/// Begins to connect; the first writable event tells that it is done.
unique_fd connect_loopback(std::uint16_t port);

/// A non-blocking socket and what could not be written to it yet. Made for
/// edge-triggered events: whoever gets one calls `read_some` until it says
/// that nothing is left, and `flush`.
class stream_socket {
public:
  explicit stream_socket(unique_fd fd) : fd_(std::move(fd)) {
  }

  int fd() const {
    return fd_.get();
  }

  struct read_result {
    std::size_t bytes = 0;
    /// No more bytes until the next event.
    bool drained = false;
    /// The other side is gone; `bytes` is 0.
    bool closed = false;
  };

  read_result read_some(std::span<char> buffer);

  /// Reads until nothing is left and hands over each piece; `hangup` says that
  /// the event told of the other side's end, which then is read too. False:
  /// the other side is gone.
  template <class OnBytes>
  bool drain(std::span<char> buffer, bool hangup, OnBytes&& on_bytes) {
    for (;;) {
      const auto got = read_some(buffer);
      if (got.closed)
        return false;
      if (got.bytes == 0)
        return true;
      on_bytes(std::string_view{buffer.data(), got.bytes});
      if (got.drained && !hangup)
        return true;
    }
  }

  /// Writes at once what the socket takes and keeps the rest. False: the
  /// connection is broken.
  bool write(std::string_view bytes);

  /// Writes on what was kept. False: the connection is broken.
  bool flush();

  /// True while bytes wait for the socket to become writable.
  bool blocked() const {
    return !rest_.empty();
  }

private:
  unique_fd fd_;
  std::string rest_;
  std::size_t written_ = 0;
};

} // namespace parley::bench
