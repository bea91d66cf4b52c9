#include "actors/registry.hpp"

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include <caf/typed_event_based_actor.hpp>

#include "actors/errors.hpp"
#include "actors/stream_outcome.hpp"
#include "actors/timer.hpp"
#include "llm/provider.hpp"

namespace parley::actors {

namespace {

using std::chrono::milliseconds;

// How often a request with "if_busy":"cancel" clears its way before it is told
// that the conversation is busy.
constexpr int max_busy_tries = 5;

// Streams that a drain has ended get so long to be written; a store that is
// broken must not keep the process from ending. The next start closes them.
constexpr std::chrono::seconds drain_patience{5};

// Behind that, readers, which may be on other nodes, get at most so long to
// take the last frames of what has ended.
constexpr std::chrono::seconds reader_patience{2};

// An end of a dead session's stream that could not be written is tried again
// so often.
constexpr std::chrono::seconds close_interval{1};

// A conversation's default model when the upstream could not be asked.
constexpr std::string_view unknown_model = "default";

// Requests wait at most so long for the upstream to name its first model; its
// answer counts whenever it comes.
constexpr std::chrono::seconds model_patience{1};

// An upstream that said nothing is not asked again for so long.
constexpr std::chrono::seconds model_pause{10};

class registry : public registry_actor::base {
public:
  registry(caf::actor_config& config, const session_environment& environment,
           id_generator& ids)
    : registry_actor::base(config), env_(environment), ids_(ids) {
  }

  behavior_type make_behavior() override {
    set_down_handler([this](caf::down_msg& what) { on_down(what); });
    default_model_ = env_.settings.llm.model;
    if (default_model_.empty() && !env_.settings.models.empty())
      default_model_ = env_.settings.models.front().name;
    if (default_model_.empty())
      ask_default_model();
    return {
      [this](open_stream& what) { return on_open(std::move(what)); },
      [this](const find_stream& what) { return on_find(what); },
      [this](const get_stream_state& what) { return on_state(what); },
      [this](const cancel_stream& what) { return on_cancel(what); },
      [this](const close_conversation& what) { return on_close(what.id); },
      [this](const drain& what) { return on_drain(what.grace); },
      [this](get_node_status) { return on_status(); },
      [this](get_load) {
        return node_load{ids_.node(), running_, draining_};
      },
      [this](const stream_ended& what) { on_ended(what.id); },
      [this](const session_leaving& what) { on_leaving(what.id); },
      [this](const default_model_known& what) { on_default_model(what.name); },
    };
  }

  void on_exit() override {
    for (const auto& [id, value] : sessions_)
      send_exit(value.session, caf::exit_reason::user_shutdown);
    sessions_.clear();
    by_address_.clear();
    reviving_.clear();
  }

private:
  struct entry {
    session_actor session;
    conversation_id conversation;
    bool running = false; // not terminal yet
  };
  using open_promise = caf::typed_response_promise<stream_opened>;

  // -- open
  // --------------------------------------------------------------------------

  caf::result<stream_opened> on_open(open_stream what) {
    auto promise = make_response_promise<stream_opened>();
    if (default_model_.empty() && what.request.model.empty() && !model_pause_) {
      waiting_for_model_.push_back(
        [this, what = std::move(what), promise] { open(what, promise, 1); });
      ask_default_model();
    } else {
      open(what, promise, 1);
    }
    return promise;
  }

  // Why no stream may begin now.
  [[nodiscard]] std::optional<error> refusal() const {
    if (draining_)
      return error{errc::draining,
                   "this server is shutting down; ask again, or another one",
                   {},
                   {},
                   std::chrono::seconds{1}};
    if (running_ >= env_.settings.limits.max_streams)
      return error{errc::overloaded,
                   "as many answers as limits.max-streams allows are being "
                   "generated; try again",
                   {},
                   {},
                   std::chrono::seconds{1}};
    return std::nullopt;
  }

  void open(const open_stream& what, open_promise promise, int tries) {
    if (auto why = refusal()) {
      if (what.request.idempotency_key.empty())
        promise.deliver(to_caf(std::move(*why)));
      else
        open_replay(what, promise, tries, std::move(*why));
      return;
    }
    start(what, promise, tries);
  }

  // No new stream may begin, but an equal request may join one that has.
  void open_replay(const open_stream& what, open_promise promise, int tries,
                   error refused) {
    find_claim question{
      what.request.caller,
      what.request.idempotency_key,
      {timestamp::now().ms - env_.settings.idempotency.ttl.count()}};
    request(any_reader(), caf::infinite, std::move(question))
      .then(
        [this, what, promise, tries,
         refused](const found_claim& found) mutable {
          if (found.found)
            start(what, promise, tries);
          else
            promise.deliver(to_caf(std::move(refused)));
        },
        [promise, refused](const caf::error&) mutable {
          promise.deliver(to_caf(std::move(refused)));
        });
  }

  void start(const open_stream& what, open_promise promise, int tries) {
    stream_record record;
    record.id = ids_.next<stream_id>();
    auto is_new = what.request.conversation.empty();
    record.conversation =
      is_new ? ids_.next<conversation_id>() : what.request.conversation;
    record.user_message = ids_.next<message_id>();
    record.message = ids_.next<message_id>();
    record.model = what.request.model;
    record.caller = what.request.caller;
    record.idempotency_key = what.request.idempotency_key;
    auto id = record.id;
    auto conversation = record.conversation;
    auto session = spawn_session(
      home_system(), env_, caf::actor_cast<registry_actor>(ctrl()),
      std::move(record), is_new,
      default_model_.empty() ? std::string{unknown_model} : default_model_);
    add(id, {session, conversation, true});
    request(session, caf::infinite, what)
      .then(
        [this, id, promise](session_opened& reply) mutable {
          // Its session has ended: the stream is another one.
          if (reply.replayed)
            forget(id);
          on_opened(reply, promise);
        },
        [this, id, what, promise, tries](const caf::error& why) mutable {
          forget(id);
          // Not refused: its session died, perhaps behind the accept.
          if (why.category() != caf::type_id_v<errc>)
            close_soon(id);
          auto cause = to_error(why);
          if (cause.code == errc::conversation_busy
              && what.request.cancel_if_busy && tries < max_busy_tries)
            clear_way(cause, what, promise, tries);
          else
            promise.deliver(to_caf(std::move(cause)));
        });
  }

  void on_opened(session_opened& reply, open_promise& promise) {
    auto found = sessions_.find(reply.start.stream);
    session_actor session;
    if (found != sessions_.end())
      session = found->second.session;
    promise.deliver(stream_opened{std::move(reply.start), reply.replayed,
                                  std::move(session)});
  }

  // Cancels what answers in the conversation and opens anew.
  void clear_way(const error& busy, const open_stream& what,
                 open_promise promise, int tries) {
    auto id = stream_id::parse(busy.reference);
    auto found = id ? sessions_.find(*id) : sessions_.end();
    if (found == sessions_.end()) {
      promise.deliver(to_caf(busy));
      return;
    }
    request(found->second.session, caf::infinite, cancel_stream{*id})
      .then([this, what, promise,
             tries](stream_state&) { open(what, promise, tries + 1); },
            [this, what, promise, tries](const caf::error&) {
              open(what, promise, tries + 1);
            });
  }

  // -- the default model
  // ---------------------------------------------------------------

  void ask_default_model() {
    if (asking_model_)
      return;
    asking_model_ = true;
    auto to_self = [self = caf::weak_actor_ptr{ctrl()}](
                     result<std::vector<llm::model_info>> models) {
      default_model_known what;
      if (models && !models->empty())
        what.name = models->front().id;
      if (auto strong = self.lock())
        caf::anon_send(caf::actor_cast<registry_actor>(strong),
                       std::move(what));
    };
    env_.provider.list_models(env_.loops.at(0), to_self);
    model_timer_ =
      run_after(this, model_patience, [this] { on_model_silence(); });
  }

  void on_model_silence() {
    model_pause_ = true;
    run_after(this, model_pause, [this] { model_pause_ = false; });
    on_default_model({});
  }

  void on_default_model(const std::string& name) {
    asking_model_ = false;
    model_timer_.dispose();
    if (!name.empty())
      default_model_ = name;
    for (const auto& open_it : std::exchange(waiting_for_model_, {}))
      open_it();
  }

  // -- find
  // ----------------------------------------------------------------------------

  caf::result<session_actor> on_find(const find_stream& what) {
    if (auto found = sessions_.find(what.id); found != sessions_.end())
      return found->second.session;
    auto promise = make_response_promise<session_actor>();
    auto& waiting = reviving_[what.id];
    waiting.push_back(promise);
    if (waiting.size() > 1)
      return promise;
    request(any_reader(), caf::infinite, load_stream{what.id})
      .then([this, id = what.id](
              storage::stored_stream& found) { revive(id, found); },
            [this, id = what.id](const caf::error& why) {
              auto refused = std::move(reviving_.extract(id).mapped());
              for (auto& one : refused)
                one.deliver(why);
            });
    return promise;
  }

  void revive(const stream_id& id, storage::stored_stream& found) {
    auto waiting = std::move(reviving_.extract(id).mapped());
    auto refuse = [&waiting](const error& why) {
      for (auto& one : waiting)
        one.deliver(to_caf(why));
    };
    if (auto running = sessions_.find(id); running != sessions_.end()) {
      for (auto& one : waiting)
        one.deliver(running->second.session);
      return;
    }
    if (auto why = unreadable(found.record))
      return refuse(*why);
    auto log =
      stream_log::from_layout(start_of(found.record), found.record.layout,
                              *found.answer, terminal_of(found.record));
    if (!log)
      return refuse(log.error());
    auto conversation = found.record.conversation;
    auto session = spawn_replay_session(
      home_system(), env_, caf::actor_cast<registry_actor>(ctrl()),
      std::move(found.record), std::move(*log));
    add(id, {session, conversation, false});
    for (auto& one : waiting)
      one.deliver(session);
  }

  [[nodiscard]] std::optional<error>
  unreadable(const stream_record& record) const {
    if (!is_terminal(record.status))
      return error{errc::overloaded,
                   "this stream is being closed; try again",
                   {},
                   {},
                   std::chrono::seconds{1}};
    auto age = timestamp::now().ms - record.finished_at.ms;
    if (age <= env_.settings.streams.retention.count())
      return std::nullopt;
    return error{errc::stream_expired,
                 "stream " + record.id.str()
                   + " is older than streams.retention; its text is in its "
                     "message",
                 {},
                 record.message.str(),
                 std::nullopt};
  }

  caf::result<stream_state> on_state(const get_stream_state& what) {
    return ask_stream(what.id, what);
  }

  caf::result<stream_state> on_cancel(const cancel_stream& what) {
    return ask_stream(what.id, what);
  }

  // Asks the session, or the store where there is none: a session ends as soon
  // as its stream is on disk and nobody reads, perhaps with this question in
  // its mailbox.
  template <class Question>
  caf::result<stream_state> ask_stream(const stream_id& id,
                                       const Question& what) {
    auto found = sessions_.find(id);
    if (found == sessions_.end())
      return delegate(any_reader(), get_stream_state{id});
    auto promise = make_response_promise<stream_state>();
    request(found->second.session, caf::infinite, what)
      .then(
        [promise](stream_state& state) mutable {
          promise.deliver(std::move(state));
        },
        [this, id, promise](const caf::error&) {
          request(any_reader(), caf::infinite, get_stream_state{id})
            .then(
              [promise](stream_state& state) mutable {
                promise.deliver(std::move(state));
              },
              [promise](const caf::error& why) mutable {
                promise.deliver(why);
              });
        });
    return promise;
  }

  // -- ends
  // ----------------------------------------------------------------------------

  caf::result<void> on_close(const conversation_id& id) {
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
  void drop_sessions_of(const conversation_id& id) {
    std::vector<stream_id> gone;
    for (const auto& [key, value] : sessions_)
      if (value.conversation == id)
        gone.push_back(key);
    for (const auto& key : gone)
      forget(key);
  }

  void on_ended(const stream_id& id) {
    auto found = sessions_.find(id);
    if (found == sessions_.end() || !found->second.running)
      return;
    found->second.running = false;
    --running_;
    check_drained();
  }

  void on_leaving(const stream_id& id) {
    auto found = sessions_.find(id);
    if (found != sessions_.end() && found->second.session == current_sender())
      forget(id);
  }

  void on_down(const caf::down_msg& what) {
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
  void close_soon(const stream_id& id) {
    run_after(this, 2 * env_.settings.streams.flush_interval,
              [this, id] { close_dead(id); });
  }

  // A session that died by a bug must not leave its message `generating`.
  void close_dead(const stream_id& id) {
    request(any_reader(), caf::infinite, load_stream{id})
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

  void close_later(const stream_id& id) {
    run_after(this, close_interval, [this, id] { close_dead(id); });
  }

  void add(const stream_id& id, entry what) {
    monitor(what.session);
    if (what.running)
      ++running_;
    by_address_.emplace(what.session.address(), id);
    sessions_.emplace(id, std::move(what));
  }

  void forget(const stream_id& id) {
    auto found = sessions_.find(id);
    if (found == sessions_.end())
      return;
    demonitor(found->second.session);
    by_address_.erase(found->second.session.address());
    if (found->second.running)
      --running_;
    sessions_.erase(found);
    check_drained();
  }

  // -- the node
  // ------------------------------------------------------------------------

  caf::result<void> on_drain(milliseconds grace) {
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

  void check_drained() {
    if (!draining_ || running_ > 0)
      return;
    if (sessions_.empty())
      end_drain();
    else if (!std::exchange(awaiting_readers_, true))
      await_readers();
  }

  // A session that goes takes what its readers have no credit for with it.
  void await_readers() {
    for (const auto& [id, value] : sessions_)
      send(value.session, end_stream{errc::server_shutdown});
    run_after(this, reader_patience, [this] { end_drain(); });
  }

  void end_drain() {
    for (auto& promise : std::exchange(drained_, {}))
      promise.deliver();
  }

  caf::result<node_status> on_status() {
    auto promise = make_response_promise<node_status>();
    auto draining = draining_;
    request(env_.persistence, caf::infinite, probe_store{})
      .then(
        [promise, draining]() mutable {
          node_status status{!draining, {}};
          if (draining)
            status.reasons.emplace_back("draining");
          promise.deliver(std::move(status));
        },
        [promise, draining](const caf::error& why) mutable {
          node_status status{false, {}};
          if (draining)
            status.reasons.emplace_back("draining");
          status.reasons.push_back("storage: " + to_error(why).detail);
          promise.deliver(std::move(status));
        });
    return promise;
  }

  [[nodiscard]] const store_reader_actor& any_reader() {
    return env_.readers[next_reader_++ % env_.readers.size()];
  }

  const session_environment& env_;
  id_generator& ids_;
  std::string default_model_; // empty: not known yet
  bool asking_model_ = false;
  caf::disposable model_timer_;
  bool model_pause_ = false; // it could not be asked a moment ago
  std::vector<std::function<void()>> waiting_for_model_;
  std::unordered_map<stream_id, entry> sessions_;
  std::unordered_map<caf::actor_addr, stream_id> by_address_;
  std::map<stream_id, std::vector<caf::typed_response_promise<session_actor>>>
    reviving_;
  std::size_t running_ = 0;
  std::size_t next_reader_ = 0;
  bool draining_ = false;
  bool awaiting_readers_ = false; // the drain's last step
  std::vector<caf::typed_response_promise<void>> drained_;
};

} // namespace

registry_actor spawn_registry(caf::actor_system& system,
                              const session_environment& environment,
                              id_generator& ids) {
  return system.spawn<registry>(environment, ids);
}

} // namespace parley::actors
