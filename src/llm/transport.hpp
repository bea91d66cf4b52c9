// A connection to the upstream, plain or TLS, that never blocks and never
// waits: it tries, and says what to wait for. So a connection that waits needs
// no buffer. Belongs to the thread of its socket's loop.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include <boost/asio/ip/tcp.hpp>

#include "chat/result.hpp"
#include "llm/tls_context.hpp"

namespace parley::llm {

enum class io_status {
  done,       // `bytes` were moved, at least one
  want_read,  // try again when the socket is readable
  want_write, // try again when the socket is writable
  closed,     // the peer ended the connection properly
  failed,     // the connection is broken
};

struct io_result {
  io_status status = io_status::done;
  std::size_t bytes = 0;
};

class transport {
public:
  // The socket is connected. Without `tls` bytes go out as they are.
  transport(boost::asio::ip::tcp::socket socket,
            std::shared_ptr<const tls_context> tls);
  ~transport(); // closes at once

  transport(const transport&) = delete;
  transport& operator=(const transport&) = delete;

  // One step of the TLS handshake; a plain connection is done at once. Call
  // until it is `done`. After `failed`, `failure()` says why.
  [[nodiscard]] io_status handshake();

  [[nodiscard]] io_result read(std::span<char> into);
  [[nodiscard]] io_result write(std::string_view from);

  // True when `read` has something to tell for which the socket will not become
  // readable: it was taken off the socket already.
  [[nodiscard]] bool holds_more() const noexcept;

  // True when the connection stands and nothing came that nobody asked for.
  [[nodiscard]] bool is_quiet() noexcept;

  // Why the handshake failed, as a clause.
  [[nodiscard]] const std::string& failure() const noexcept {
    return failure_;
  }

  [[nodiscard]] boost::asio::ip::tcp::socket& socket() noexcept {
    return socket_;
  }

private:
  io_status status_of(int returned);

  boost::asio::ip::tcp::socket socket_;
  std::shared_ptr<const tls_context> tls_;
  ssl_ptr ssl_; // null: plain; destroyed before the socket
  // How the connection ended, found behind bytes that were returned first.
  std::optional<io_status> ending_;
  std::string failure_;
};

} // namespace parley::llm
