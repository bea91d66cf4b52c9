#include "llm/upstream_call.hpp"

#include <utility>

#include <boost/asio/post.hpp>

namespace parley::llm {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

upstream_call::upstream_call(std::shared_ptr<connection_pool> pool,
                             std::string request)
  : pool_(std::move(pool)),
    request_(std::move(request)),
    request_bytes_(request_.size()) {
}

void upstream_call::start() {
  if (phase_ == phase::ended || cancelled())
    return;
  if (auto idle = pool_->take_idle()) {
    reused_ = true;
    take_connection(std::move(idle));
    return;
  }
  connect();
}

void upstream_call::cancel() {
  abandon();
  if (phase_ != phase::draining)
    end();
}

void upstream_call::end() {
  phase_ = phase::ended;
  connection_.reset();
  deadline_.reset();
  request_ = {};
  if (auto connecting = std::exchange(connector_, nullptr))
    connecting->cancel();
}

void upstream_call::drain() {
  phase_ = phase::draining;
  paused_ = false;
  set_deadline(drain_time);
}

void upstream_call::pause() {
  paused_ = true;
}

void upstream_call::resume() {
  if (!std::exchange(paused_, false))
    return;
  if (phase_ == phase::exchanging)
    wait_for_more();
}

void upstream_call::set_deadline(std::chrono::milliseconds from_now) {
  deadline_.emplace(loop());
  deadline_->expires_after(from_now);
  deadline_->async_wait([self = shared_from_this(),
                         number = ++deadline_number_](error_code ec) {
    if (ec || number != self->deadline_number_ || self->phase_ == phase::ended)
      return;
    if (self->phase_ == phase::draining)
      self->end();
    else
      self->on_deadline();
  });
}

void upstream_call::fail_with(error why) {
  end();
  on_failed(std::move(why));
}

// -- connecting --------------------------------------------------------------

void upstream_call::connect() {
  phase_ = phase::acquiring;
  connector_ = std::make_shared<connector>(loop());
  // Weak, because the pool would keep the call and the call keeps the pool. Its
  // generation, or its deadline, keeps the call.
  pool_->connect(connector_, [weak = weak_from_this()](
                               result<std::unique_ptr<transport>> made) {
    const auto self = weak.lock();
    if (!self || self->phase_ == phase::ended)
      return;
    self->connector_ = nullptr;
    if (!made)
      self->fail_with(std::move(made.error()));
    else
      self->take_connection(std::move(*made));
  });
}

void upstream_call::take_connection(std::unique_ptr<transport> connection) {
  connection_ = std::move(connection);
  ++connection_number_;
  awaiting_read_ = false;
  awaiting_write_ = false;
  send_failed_ = false;
  sent_ = 0;
  if (reused_) {
    phase_ = phase::exchanging;
    send();
  } else {
    phase_ = phase::handshaking;
    handshake();
  }
}

void upstream_call::handshake() {
  switch (connection_->handshake()) {
  case io_status::done:
    phase_ = phase::exchanging;
    send();
    return;
  case io_status::want_read:
    wait_readable();
    return;
  case io_status::want_write:
    wait_writable();
    return;
  default:
    fail_with({errc::upstream_unreachable,
               "The upstream " + pool_->upstream().authority()
                 + " could not be reached safely (TLS): "
                 + connection_->failure() + '.',
               {},
               {},
               std::nullopt});
  }
}

// -- sending -----------------------------------------------------------------

void upstream_call::send() {
  while (!sent_all() && !send_failed_) {
    const auto step =
      connection_->write(std::string_view{request_}.substr(sent_));
    if (step.status == io_status::done) {
      sent_ += step.bytes;
    } else if (step.status == io_status::want_write) {
      wait_writable();
      break;
    } else if (step.status == io_status::want_read) {
      break; // the wait below is for that
    } else {
      // It may have answered before it hung up; what it said comes first.
      send_failed_ = true;
    }
  }
  if (sent_all()) {
    if (!reused_ || !may_be_sent_twice())
      request_ = {};
    if (!std::exchange(sent_told_, true))
      on_sent();
  }
  if (phase_ == phase::exchanging)
    wait_for_more();
}

// -- receiving ---------------------------------------------------------------

void upstream_call::wait_for_more() {
  if (paused_)
    return;
  if (!connection_->holds_more()) {
    wait_readable();
    return;
  }
  if (std::exchange(awaiting_read_, true))
    return;
  asio::post(loop(), [self = shared_from_this(), number = connection_number_] {
    if (number != self->connection_number_)
      return;
    self->awaiting_read_ = false;
    self->receive();
  });
}

void upstream_call::wait_readable() {
  if (std::exchange(awaiting_read_, true))
    return;
  connection_->socket().async_wait(
    tcp::socket::wait_read,
    [self = shared_from_this(), number = connection_number_](error_code ec) {
      if (ec || number != self->connection_number_)
        return;
      self->awaiting_read_ = false;
      self->receive();
    });
}

void upstream_call::wait_writable() {
  if (std::exchange(awaiting_write_, true))
    return;
  connection_->socket().async_wait(
    tcp::socket::wait_write,
    [self = shared_from_this(), number = connection_number_](error_code ec) {
      if (ec || number != self->connection_number_
          || self->phase_ == phase::ended)
        return;
      self->awaiting_write_ = false;
      if (self->phase_ == phase::handshaking)
        self->handshake();
      else if (self->phase_ == phase::exchanging && !self->sent_all())
        self->send();
      else
        self->receive();
    });
}

void upstream_call::receive() {
  if (phase_ == phase::handshaking) {
    handshake();
    return;
  }
  if (phase_ == phase::ended || paused_)
    return;
  const auto buffer = pool_->read_buffer();
  const auto step = connection_->read(buffer);
  switch (step.status) {
  case io_status::done:
    take_bytes({buffer.data(), step.bytes});
    return;
  case io_status::want_read:
    // TLS may have read what the rest of the request was waiting for.
    if (!sent_all() && !send_failed_ && phase_ == phase::exchanging)
      send();
    else
      wait_readable();
    return;
  case io_status::want_write:
    wait_writable();
    return;
  default:
    take_end(step.status);
  }
}

void upstream_call::take_bytes(std::string_view bytes) {
  answered_ = true;
  if (sent_all())
    request_ = {};
  if (phase_ == phase::draining)
    drained_bytes_ += bytes.size();
  const auto fed = parser_.feed(bytes, *this);
  if (phase_ == phase::draining) {
    if (parser_.complete())
      complete();
    else if (!fed || drained_bytes_ > max_drained_bytes)
      end();
    else
      wait_for_more();
    return;
  }
  if (!fed) {
    fail_with(fed.error());
  } else if (parser_.complete()) {
    complete();
  } else {
    on_read_end();
    if (phase_ != phase::ended)
      wait_for_more();
  }
}

void upstream_call::complete() {
  const bool nobody_waits = phase_ == phase::draining;
  if (parser_.reusable() && sent_all() && !connection_->holds_more())
    pool_->give_back(std::move(connection_));
  end();
  if (!nobody_waits)
    on_complete();
}

void upstream_call::take_end(io_status how) {
  if (phase_ == phase::draining) {
    end();
    return;
  }
  if (how == io_status::closed && parser_.finish()) {
    complete();
    return;
  }
  if (reused_ && !answered_) {
    pool_->drop_idle();
    if (may_be_sent_twice()) {
      reused_ = false;
      connection_.reset();
      connect();
      return;
    }
  }
  end();
  on_cut(!parser_.head_done());
}

} // namespace parley::llm
