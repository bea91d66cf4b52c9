#include "tests/http/support/raw_client.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>
#include <utility>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "http/text.hpp"

namespace parley::http::testing {

namespace {

[[noreturn]] void give_up(const std::string& what) {
  throw std::runtime_error{"raw_client: " + what};
}

} // namespace

std::string raw_response::header(const std::string& name) const {
  const auto found = headers.find(name);
  return found == headers.end() ? std::string{} : found->second;
}

bool raw_response::has(const std::string& name) const {
  return headers.count(name) > 0;
}

raw_client::raw_client(std::uint16_t port, int receive_buffer) {
  socket_ = ::socket(AF_INET, SOCK_STREAM, 0);
  if (receive_buffer > 0)
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &receive_buffer,
                 sizeof receive_buffer);
  const int at_once = 1;
  ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &at_once, sizeof at_once);
  // So that a broken server fails a test instead of hanging it.
  const timeval patience{20, 0};
  ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address)
      != 0)
    give_up("cannot connect");
}

raw_client::~raw_client() {
  close();
}

bool raw_client::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0)
      return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

void raw_client::half_close() {
  ::shutdown(socket_, SHUT_WR);
}

void raw_client::reset() {
  const linger now{1, 0};
  ::setsockopt(socket_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  close();
}

void raw_client::close() {
  if (socket_ >= 0)
    ::close(socket_);
  socket_ = -1;
}

bool raw_client::fill() {
  std::array<char, 16 * 1024> block;
  const auto count = ::recv(socket_, block.data(), block.size(), 0);
  if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
    give_up("nothing came; so far: " + buffer_.substr(0, 200));
  if (count <= 0)
    return false;
  buffer_.append(block.data(), static_cast<std::size_t>(count));
  return true;
}

std::string raw_client::take(std::size_t count) {
  while (buffer_.size() < count)
    if (!fill())
      give_up("the body ends too early");
  auto result = buffer_.substr(0, count);
  buffer_.erase(0, count);
  return result;
}

std::string raw_client::read_until(std::string_view text) {
  for (;;) {
    const auto at = buffer_.find(text);
    if (at != std::string::npos)
      return take(at + text.size());
    if (!fill())
      give_up("closed before '" + std::string{text} + "'; got: " + buffer_);
  }
}

std::string raw_client::read_to_end() {
  while (fill()) {
  }
  return std::exchange(buffer_, {});
}

bool raw_client::readable() const {
  pollfd waiting{socket_, POLLIN, 0};
  return !buffer_.empty() || ::poll(&waiting, 1, 0) > 0;
}

bool raw_client::at_end() {
  return buffer_.empty() && !fill();
}

raw_response raw_client::read_head() {
  raw_response result;
  result.head = read_until("\r\n\r\n");
  if (!result.head.starts_with("HTTP/1.1 "))
    give_up("not an answer: " + result.head);
  result.status = std::stoi(result.head.substr(9, 3));
  auto rest = std::string_view{result.head};
  rest.remove_prefix(rest.find("\r\n") + 2);
  while (rest != "\r\n") {
    const auto line = rest.substr(0, rest.find("\r\n"));
    rest.remove_prefix(line.size() + 2);
    const auto colon = line.find(':');
    auto& value = result.headers[lower_case(line.substr(0, colon))];
    value +=
      (value.empty() ? "" : ", ") + std::string{trim(line.substr(colon + 1))};
  }
  return result;
}

std::optional<std::string> raw_client::read_chunk() {
  const auto size = std::stoul(read_until("\r\n"), nullptr, 16);
  auto result = take(size);
  if (take(2) != "\r\n")
    give_up("a chunk is longer than it says");
  if (size == 0)
    return std::nullopt;
  return result;
}

raw_response raw_client::read(std::string_view method) {
  auto result = read_head();
  if (method == "HEAD" || result.status == 204 || result.status < 200)
    return result;
  if (result.header("transfer-encoding") == "chunked") {
    while (auto chunk = read_chunk())
      result.body += *chunk;
  } else if (result.has("content-length")) {
    result.body = take(std::stoul(result.header("content-length")));
  } else {
    result.body = read_to_end();
  }
  return result;
}

std::string get(std::string_view target, std::string_view headers) {
  return "GET " + std::string{target} + " HTTP/1.1\r\nHost: test\r\n"
         + std::string{headers} + "\r\n";
}

std::string post(std::string_view target, std::string_view body,
                 std::string_view headers) {
  return "POST " + std::string{target}
         + " HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\n"
           "Content-Length: "
         + std::to_string(body.size()) + "\r\n" + std::string{headers} + "\r\n"
         + std::string{body};
}

} // namespace parley::http::testing
