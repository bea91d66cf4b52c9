#include "http/listener.hpp"

#include <chrono>

#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/socket_base.hpp>

#include "http/connection.hpp"

namespace parley::http {

namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

// The kernel lowers it to net.core.somaxconn.
constexpr int backlog = 4096;
// Out of file descriptors, most likely: some must be given back first.
constexpr std::chrono::milliseconds retry_delay{100};
// Over http.max-connections a client is told so, up to this many at a time;
// the rest is closed without a word.
constexpr std::size_t max_refusing = 256;

} // namespace

listener::listener(std::shared_ptr<server_core> core)
  : core_{std::move(core)},
    acceptor_{core_->loops.front()->context},
    retry_{core_->loops.front()->context} {
}

boost::system::error_code listener::bind(const tcp::endpoint& address) {
  boost::system::error_code ec;
  acceptor_.open(address.protocol(), ec);
  if (!ec)
    acceptor_.set_option(asio::socket_base::reuse_address{true}, ec);
  if (!ec)
    acceptor_.bind(address, ec);
  if (!ec)
    acceptor_.listen(backlog, ec);
  if (ec) {
    boost::system::error_code ignored;
    acceptor_.close(ignored);
  }
  return ec;
}

result<std::uint16_t> listener::open() {
  const auto& where = core_->settings.http.listen;
  const auto name = where.host + ":" + std::to_string(where.port);
  boost::system::error_code ec;
  tcp::resolver resolver{core_->loops.front()->context};
  const auto addresses = resolver.resolve(
    where.host, std::to_string(where.port), tcp::resolver::passive, ec);
  if (ec)
    return parley::fail(errc::invalid_request,
                        "cannot resolve " + name + ": " + ec.message(),
                        "http.listen");
  ec = asio::error::host_not_found;
  for (const auto& address : addresses)
    if (ec = bind(address.endpoint()); !ec)
      break;
  if (ec)
    return parley::fail(errc::invalid_request,
                        "cannot listen on " + name + ": " + ec.message(),
                        "http.listen");
  return acceptor_.local_endpoint().port();
}

void listener::start() {
  accept_next();
}

void listener::close() {
  boost::system::error_code ignored;
  acceptor_.close(ignored);
  retry_.cancel();
}

void listener::accept_next() {
  if (!acceptor_.is_open())
    return;
  auto& loop = *core_->loops[next_loop_];
  next_loop_ = (next_loop_ + 1) % core_->loops.size();
  acceptor_.async_accept(
    loop.context, [self = shared_from_this(), &loop](
                    const boost::system::error_code& ec, tcp_socket socket) {
      if (!ec) {
        self->failing_ = false;
        self->hand_over(loop, std::move(socket));
      } else if (ec != asio::error::operation_aborted
                 && ec != asio::error::connection_aborted) {
        self->wait_after(ec);
        return;
      }
      self->accept_next();
    });
}

void listener::hand_over(loop_record& loop, tcp_socket socket) {
  const auto limit = core_->settings.http.max_connections;
  const auto open = core_->open_connections();
  if (open >= limit + max_refusing)
    return;
  const bool refuses = open >= limit;
  core_->connection_opened();
  asio::post(loop.context, [core = core_, &loop, refuses,
                            socket = std::move(socket)]() mutable {
    if (loop.stopped || loop.draining) {
      core->connection_closed();
      return;
    }
    const auto made =
      std::make_shared<connection>(std::move(core), loop, std::move(socket));
    if (refuses)
      made->start_refusing();
    else
      made->start();
  });
}

void listener::wait_after(const boost::system::error_code& failure) {
  if (!failing_)
    core_->log.warn("http.accept_failed", {{"reason", failure.message()}});
  failing_ = true;
  retry_.expires_after(retry_delay);
  retry_.async_wait(
    [self = shared_from_this()](const boost::system::error_code& ec) {
      if (!ec)
        self->accept_next();
    });
}

} // namespace parley::http
