// The ends of sessions: their own, by a bug, and all at once with the node.
#include <memory>
#include <utility>

#include "actors/registry_impl.hpp"
#include "actors/stream_outcome.hpp"
#include "actors/timer.hpp"

namespace parley::actors {

namespace {

// Streams that a drain has ended get so long to be written; a store that is
// broken must not keep the process from ending. The next start closes them.
constexpr std::chrono::seconds drain_patience{5};

// Behind that, readers, which may be on other nodes, get at most so long to
// take the last frames of what has ended.
constexpr std::chrono::seconds reader_patience{2};

// An end of a dead session's stream that could not be written is tried again
// so often.
constexpr std::chrono::seconds close_interval{1};

} // namespace

caf::result<void> registry::on_close(const conversation_id& id) {
  auto promise = make_response_promise<void>();
  // Beside the one that answers there may be some that are about to be
  // refused because of it.
  auto left = std::make_shared<std::size_t>(1);
  auto one_less = [this, id, promise, left]() mutable {
    if (--*left > 0)
      return;
    drop_sessions_of(id);
    promise.deliver();
  };
  for (const auto& [stream, value] : sessions_) {
    if (value.conversation != id || !value.running)
      continue;
    ++*left;
    request(value.session, caf::infinite, cancel_stream{stream})
      .then([one_less](stream_state&) mutable { one_less(); },
            [one_less](const caf::error&) mutable { one_less(); });
  }
  one_less();
  return promise;
}

// Readers of a deleted conversation have got its last frame or lose the rest.
void registry::drop_sessions_of(const conversation_id& id) {
  std::vector<stream_id> gone;
  for (const auto& [key, value] : sessions_)
    if (value.conversation == id)
      gone.push_back(key);
  for (const auto& key : gone)
    forget(key);
}

void registry::on_ended(const stream_id& id) {
  auto found = sessions_.find(id);
  if (found == sessions_.end() || !found->second.running)
    return;
  found->second.running = false;
  found->second.readable_until = end_of_retention(timestamp::now());
  --running_;
  check_drained();
}

void registry::on_leaving(const stream_id& id) {
  auto found = sessions_.find(id);
  if (found != sessions_.end() && found->second.session == current_sender())
    forget(id);
}

void registry::on_down(const caf::down_msg& what) {
  auto found = by_address_.find(what.source);
  if (found == by_address_.end())
    return;
  auto id = found->second;
  auto was_running = sessions_.at(id).running;
  forget(id);
  if (was_running)
    close_soon(id);
}

// Once the text that the journal still holds has reached the store.
void registry::close_soon(const stream_id& id) {
  run_after(this, 2 * env_.settings.streams.flush_interval,
            [this, id] { close_dead(id); });
}

// A session that died by a bug must not leave its message `generating`.
void registry::close_dead(const stream_id& id) {
  request(readers_.next(), caf::infinite, load_stream{id})
    .then(
      [this, id](storage::stored_stream& left) {
        if (is_terminal(left.record.status))
          return;
        env_.log.error("stream.session_died", {{"stream", id.str()}});
        request(env_.persistence, caf::infinite,
                close_abandoned(left, errc::internal, timestamp::now()))
          .then([] {}, [this, id](const caf::error&) { close_later(id); });
      },
      [this, id](const caf::error& why) {
        // Otherwise it was never accepted, or is deleted.
        if (to_error(why).code == errc::storage_failed)
          close_later(id);
      });
}

void registry::close_later(const stream_id& id) {
  run_after(this, close_interval, [this, id] { close_dead(id); });
}

// -- drain -------------------------------------------------------------------

caf::result<void> registry::on_drain(std::chrono::milliseconds grace) {
  draining_ = true;
  auto promise = make_response_promise<void>();
  drained_.push_back(promise);
  run_after(this, grace, [this] {
    for (const auto& [id, value] : sessions_)
      if (value.running)
        send(value.session, end_stream{errc::server_shutdown});
    run_after(this, drain_patience, [this] {
      if (running_ > 0)
        env_.log.error("registry.drain_gave_up", {{"streams", running_}});
      end_drain();
    });
  });
  check_drained();
  return promise;
}

void registry::check_drained() {
  if (!draining_ || running_ > 0)
    return;
  if (sessions_.empty())
    end_drain();
  else if (!std::exchange(awaiting_readers_, true))
    await_readers();
}

// A session that goes takes what its readers have no credit for with it.
void registry::await_readers() {
  for (const auto& [id, value] : sessions_)
    send(value.session, end_stream{errc::server_shutdown});
  run_after(this, reader_patience, [this] { end_drain(); });
}

void registry::end_drain() {
  for (auto& promise : std::exchange(drained_, {}))
    promise.deliver();
}

} // namespace parley::actors
