#include "support/net.hpp"

#include <arpa/inet.h>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

namespace parley::bench {

namespace {

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

void set_option(int fd, int level, int name) {
  const int on = 1;
  if (setsockopt(fd, level, name, &on, sizeof on) != 0)
    fail("setsockopt");
}

const sockaddr* generic(const sockaddr_in& address) {
  return reinterpret_cast<const sockaddr*>(&address);
}

} // namespace

std::int64_t now_us() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return std::int64_t{now.tv_sec} * 1'000'000 + now.tv_nsec / 1'000;
}

void raise_file_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
    fail("getrlimit");
  limit.rlim_cur = limit.rlim_max;
  if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
    fail("setrlimit");
}

void fail(const std::string& what) {
  std::fprintf(stderr, "bench: %s: %s\n", what.c_str(), std::strerror(errno));
  std::exit(1);
}

unique_fd::~unique_fd() {
  if (fd_ >= 0)
    close(fd_);
}

unique_fd listen_loopback(std::uint16_t port) {
  unique_fd result{
    socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
  if (result.get() < 0)
    fail("socket");
  set_option(result.get(), SOL_SOCKET, SO_REUSEADDR);
  const auto address = loopback(port);
  if (bind(result.get(), generic(address), sizeof address) != 0)
    fail("bind to 127.0.0.1:" + std::to_string(port));
  if (listen(result.get(), SOMAXCONN) != 0)
    fail("listen");
  return result;
}

std::uint16_t local_port(const unique_fd& socket) {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  if (getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address), &size)
      != 0)
    fail("getsockname");
  return ntohs(address.sin_port);
}

unique_fd accept_one(const unique_fd& listener) {
  unique_fd result{
    accept4(listener.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC)};
  if (result.get() >= 0)
    set_option(result.get(), IPPROTO_TCP, TCP_NODELAY);
  else if (errno == EMFILE || errno == ENFILE)
    fail("accept");
  return result;
}

unique_fd connect_loopback(std::uint16_t port) {
  unique_fd result{
    socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
  if (result.get() < 0)
    fail("socket");
  set_option(result.get(), IPPROTO_TCP, TCP_NODELAY);
  const auto address = loopback(port);
  if (connect(result.get(), generic(address), sizeof address) != 0
      && errno != EINPROGRESS)
    fail("connect to 127.0.0.1:" + std::to_string(port));
  return result;
}

stream_socket::read_result stream_socket::read_some(std::span<char> buffer) {
  for (;;) {
    const auto got = recv(fd_.get(), buffer.data(), buffer.size(), 0);
    if (got > 0) {
      // A short read has emptied the socket: whatever comes later raises the
      // next edge, so the read that would only say EAGAIN is spared.
      const auto bytes = static_cast<std::size_t>(got);
      return {bytes, bytes < buffer.size(), false};
    }
    if (got == 0)
      return {0, true, true};
    if (errno == EAGAIN)
      return {0, true, false};
    if (errno != EINTR)
      return {0, true, true};
  }
}

bool stream_socket::write(std::string_view bytes) {
  if (blocked()) {
    rest_.append(bytes);
    return true;
  }
  while (!bytes.empty()) {
    const auto sent = send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    } else if (errno == EAGAIN) {
      rest_.assign(bytes);
      return true;
    } else if (errno != EINTR) {
      return false;
    }
  }
  return true;
}

bool stream_socket::flush() {
  while (written_ < rest_.size()) {
    const auto sent = send(fd_.get(), rest_.data() + written_,
                           rest_.size() - written_, MSG_NOSIGNAL);
    if (sent >= 0)
      written_ += static_cast<std::size_t>(sent);
    else if (errno == EAGAIN)
      return true;
    else if (errno != EINTR)
      return false;
  }
  rest_.clear();
  rest_.shrink_to_fit();
  written_ = 0;
  return true;
}

} // namespace parley::bench
