#include "http/stream_reader.hpp"

#include <utility>

#include <caf/actor_cast.hpp>
#include <caf/exit_reason.hpp>
#include <caf/sec.hpp>

#include "actors/errors.hpp"
#include "chat/limits.hpp"
#include "http/receiver_gone.hpp"

namespace parley::http {

stream_reader::stream_reader(const reader_services& services,
                             boost::asio::io_context& loop,
                             std::uint32_t loop_index)
  : services_(services),
    companion_(runtime::make_companion(services.system, loop)),
    loop_index_(loop_index) {
}

stream_reader::~stream_reader() {
  stop();
}

// -- reading ------------------------------------------------------------------

void stream_reader::open(chat_request request) {
  listen();
  state_ = state::opening;
  ask_gateway(
    actors::open_stream{std::move(request), loop_index_},
    [self = shared_from_this()](const actors::stream_opened& opened) {
      self->stream_ = opened.start.stream;
      self->on_opened(opened);
      if (self->has_left())
        return;
      if (opened.session)
        self->subscribe(opened.session);
      else
        self->find();
    },
    [self = shared_from_this()](const caf::error& why) {
      self->refuse(actors::to_error(why));
    });
}

void stream_reader::join(const stream_id& stream, seq_t after) {
  listen();
  stream_ = stream;
  after_ = after;
  find();
}

void stream_reader::leave() {
  switch (state_) {
  case state::opening:
  case state::finding:
    leaving_ = true;
    return;
  case state::subscribing:
  case state::reading:
    companion_->send(session_, actors::unsubscribe{});
    stop();
    return;
  case state::idle:
  case state::left:
    stop();
    return;
  }
}

void stream_reader::grant(std::uint32_t credit) {
  if (state_ == state::reading && credit != 0)
    companion_->send(session_, actors::grant{credit});
}

runtime::companion& stream_reader::companion() {
  return *companion_;
}

// -- the way to the session ---------------------------------------------------

template <class Request, class Answer, class Refusal>
void stream_reader::ask_gateway(Request what, Answer answer, Refusal refusal) {
  companion_
    ->request(services_.gateway, limits::actor_request_timeout, std::move(what))
    .then(std::move(answer), std::move(refusal));
}

// Installs the handlers. The behavior keeps the reader alive until `stop` ends
// the companion; the down handler stays in the companion longer than that.
void stream_reader::listen() {
  companion_->become([self = shared_from_this()](const actors::events& batch) {
    if (self->state_ == state::reading)
      self->take(batch);
    else if (self->state_ == state::subscribing)
      self->early_.push_back(batch);
  });
  companion_->set_down_handler(
    [weak = weak_from_this()](const caf::down_msg& down) {
      if (auto self = weak.lock())
        self->session_down(down);
    });
}

void stream_reader::find() {
  state_ = state::finding;
  ask_gateway(
    actors::find_stream{stream_, loop_index_},
    [self = shared_from_this()](const actors::session_actor& session) {
      self->subscribe(session);
    },
    [self = shared_from_this()](const caf::error& why) {
      self->refuse(actors::to_error(why));
    });
}

void stream_reader::subscribe(const actors::session_actor& session) {
  state_ = state::subscribing;
  ++attempts_;
  session_ = session;
  companion_->monitor(session_);
  auto handle = caf::actor_cast<actors::reader_actor>(companion_.get());
  companion_
    ->request(session_, limits::actor_request_timeout,
              actors::subscribe{after_, limits::reader_credit},
              std::move(handle))
    .then(
      [self = shared_from_this(),
       attempt = attempts_](const actors::subscribed& answer) {
        if (self->is_subscribing(attempt))
          self->subscription_stands(answer);
      },
      [self = shared_from_this(), attempt = attempts_](const caf::error& why) {
        if (self->is_subscribing(attempt))
          self->subscription_failed(why);
      });
  if (leaving_)
    leave();
}

void stream_reader::subscription_stands(const actors::subscribed& answer) {
  state_ = state::reading;
  services_.metrics.subscribers->inc();
  on_subscribed(answer);
  for (const auto& batch : std::exchange(early_, {}))
    if (!has_left())
      take(batch);
}

void stream_reader::take(const actors::events& batch) {
  end_was_read_ |= !batch.items.empty() && is_terminal(batch.items.back());
  on_events(batch);
}

void stream_reader::subscription_failed(const caf::error& why) {
  early_.clear();
  if (is_receiver_gone(why) && attempts_ < max_attempts_at_a_session)
    find();
  else
    refuse(actors::to_error(why));
}

void stream_reader::refuse(const error& why) {
  stop();
  on_refused(why);
}

// -- the end ------------------------------------------------------------------

void stream_reader::session_down(const caf::down_msg& down) {
  // Having sent the end, a session is free to go.
  if (end_was_read_ || !session_ || down.source != session_.address())
    return;
  const auto remote = session_.node() != services_.system.node();
  // A local session that is gone bounces what it is asked; CAF's proxy of a
  // remote one drops it.
  if (state_ == state::subscribing && remote) {
    subscription_failed(caf::make_error(caf::sec::request_receiver_down));
    return;
  }
  if (state_ != state::reading)
    return;
  // A node that stops ends its sessions before its connections.
  const auto lost = remote
                    && (down.reason == caf::exit_reason::remote_link_unreachable
                        || down.reason == caf::exit_reason::user_shutdown);
  const auto code = lost ? errc::node_lost : errc::internal;
  services_.log.warn("reader.session_lost",
                     {{"stream", stream_.str()}, {"code", to_string(code)}});
  stop();
  on_lost(code);
}

void stream_reader::stop() {
  if (std::exchange(state_, state::left) == state::reading)
    services_.metrics.subscribers->dec();
  early_.clear();
  session_ = nullptr;
  // The companion holds the reader and the reader its companion: this is where
  // the circle is broken. It may be the companion's handler that runs now, so
  // the reader lives on until the end of that.
  if (auto companion = std::exchange(companion_, {}))
    companion->end();
}

} // namespace parley::http
