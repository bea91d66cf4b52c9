#include "llm/connector.hpp"

#include <utility>

#include <boost/asio/post.hpp>

namespace parley::llm {

using boost::asio::ip::tcp;
using boost::system::error_code;

connector::connector(boost::asio::io_context& loop)
  : loop_(loop), timer_(loop) {
}

void connector::start(endpoints addresses, connect_function on_done) {
  if (cancelled_)
    return;
  addresses_ = std::move(addresses);
  if (addresses_.size() > max_addresses)
    addresses_.resize(max_addresses);
  on_done_ = std::move(on_done);
  sockets_.reserve(addresses_.size());
  try_next();
}

void connector::cancel() {
  cancelled_ = true;
  close_all();
}

void connector::close_all() {
  on_done_ = nullptr;
  timer_.cancel();
  sockets_.clear();
}

void connector::try_next() {
  const auto index = sockets_.size();
  auto& socket = sockets_.emplace_back(loop_);
  ++running_;
  error_code ec;
  socket.open(addresses_[index].protocol(), ec);
  if (ec) {
    // An address family that this machine does not have.
    boost::asio::post(
      loop_, [self = shared_from_this(), index, ec] { self->take(index, ec); });
    return;
  }
  socket.async_connect(addresses_[index],
                       [self = shared_from_this(), index](error_code result) {
                         self->take(index, result);
                       });
  arm_timer();
}

void connector::arm_timer() {
  if (sockets_.size() == addresses_.size())
    return;
  timer_.expires_after(head_start);
  timer_.async_wait(
    [self = shared_from_this(), tried = sockets_.size()](error_code ec) {
      if (!ec && self->on_done_ && self->sockets_.size() == tried)
        self->try_next();
    });
}

void connector::take(std::size_t index, const error_code& ec) {
  if (!on_done_)
    return;
  --running_;
  if (!ec) {
    auto done = std::exchange(on_done_, nullptr);
    auto socket = std::move(sockets_[index]);
    close_all();
    done(ec, std::move(socket));
    return;
  }
  last_error_ = ec;
  if (sockets_.size() < addresses_.size()) {
    try_next();
  } else if (running_ == 0) {
    auto done = std::exchange(on_done_, nullptr);
    close_all();
    done(last_error_, tcp::socket{loop_});
  }
}

} // namespace parley::llm
