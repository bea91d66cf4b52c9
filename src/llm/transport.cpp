#include "llm/transport.hpp"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <utility>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

namespace parley::llm {

namespace {

io_status status_of_errno(io_status wanted) {
  return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR
           ? wanted
           : io_status::failed;
}

int bounded(std::size_t size) {
  return static_cast<int>(std::min<std::size_t>(size, INT_MAX));
}

} // namespace

transport::transport(boost::asio::ip::tcp::socket socket,
                     std::shared_ptr<const tls_context> tls)
  : socket_(std::move(socket)), tls_(std::move(tls)) {
  boost::system::error_code ignored;
  socket_.non_blocking(true, ignored);
  socket_.set_option(boost::asio::ip::tcp::no_delay{true}, ignored);
  // A peer that vanished without a word is noticed, some day.
  socket_.set_option(boost::asio::socket_base::keep_alive{true}, ignored);
  if (tls_)
    ssl_ = tls_->make_ssl(socket_.native_handle());
}

transport::~transport() {
  // Without this OpenSSL takes the session for a broken one and never resumes
  // it.
  if (ssl_ && !ending_)
    SSL_set_shutdown(ssl_.get(), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
}

io_status transport::handshake() {
  if (!tls_)
    return io_status::done;
  if (!ssl_) {
    failure_ = "OpenSSL could not be set up";
    return io_status::failed;
  }
  ERR_clear_error();
  const auto returned = SSL_do_handshake(ssl_.get());
  if (returned == 1)
    return io_status::done;
  const auto status = status_of(returned);
  if (status != io_status::closed && status != io_status::failed)
    return status;
  failure_ = tls_error_text(ssl_.get());
  return io_status::failed;
}

io_result transport::read(std::span<char> into) {
  if (!ssl_) {
    const auto got =
      ::recv(socket_.native_handle(), into.data(), into.size(), 0);
    if (got > 0)
      return {io_status::done, static_cast<std::size_t>(got)};
    return {
      got == 0 ? io_status::closed : status_of_errno(io_status::want_read), 0};
  }
  if (ending_)
    return {*ending_, 0};
  // One record at a time comes out of OpenSSL; take what there is.
  std::size_t total = 0;
  while (total < into.size()) {
    ERR_clear_error();
    const auto got =
      SSL_read(ssl_.get(), into.data() + total, bounded(into.size() - total));
    if (got <= 0) {
      const auto status = status_of(got);
      if (status == io_status::closed || status == io_status::failed)
        ending_ = status;
      if (total > 0)
        break;
      return {status, 0};
    }
    total += static_cast<std::size_t>(got);
  }
  return {io_status::done, total};
}

io_result transport::write(std::string_view from) {
  if (!ssl_) {
    const auto sent =
      ::send(socket_.native_handle(), from.data(), from.size(), MSG_NOSIGNAL);
    if (sent >= 0)
      return {io_status::done, static_cast<std::size_t>(sent)};
    return {status_of_errno(io_status::want_write), 0};
  }
  ERR_clear_error();
  const auto sent = SSL_write(ssl_.get(), from.data(), bounded(from.size()));
  if (sent > 0)
    return {io_status::done, static_cast<std::size_t>(sent)};
  return {status_of(sent), 0};
}

bool transport::holds_more() const noexcept {
  return ssl_ && (ending_ || SSL_pending(ssl_.get()) > 0);
}

bool transport::is_quiet() noexcept {
  char byte = 0;
  const auto got =
    ::recv(socket_.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK) && !holds_more();
}

io_status transport::status_of(int returned) {
  switch (SSL_get_error(ssl_.get(), returned)) {
  case SSL_ERROR_WANT_READ:
    return io_status::want_read;
  case SSL_ERROR_WANT_WRITE:
    return io_status::want_write;
  case SSL_ERROR_ZERO_RETURN:
    return io_status::closed;
  default:
    return io_status::failed;
  }
}

} // namespace parley::llm
