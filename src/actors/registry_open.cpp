// Opening a stream, and the model that a conversation begins with.
#include <memory>
#include <utility>

#include "actors/accept_decision.hpp"
#include "actors/registry_impl.hpp"
#include "actors/timer.hpp"
#include "llm/provider.hpp"

namespace parley::actors {

namespace {

// How often a request with "if_busy":"cancel" clears its way before it is told
// that the conversation is busy. Of many that come at once each clears the way
// of the one that went first.
constexpr int max_busy_tries = 100;

// The store may call a stream running whose session is gone, for a moment.
constexpr std::chrono::milliseconds busy_pause{20};

// A conversation's default model when the upstream could not be asked.
constexpr std::string_view unknown_model = "default";

// Requests wait at most so long for the upstream to name its first model; its
// answer counts whenever it comes.
constexpr std::chrono::seconds model_patience{1};

// An upstream that said nothing is not asked again for so long.
constexpr std::chrono::seconds model_pause{10};

} // namespace

// -- opening -----------------------------------------------------------------

caf::result<stream_opened> registry::on_open(open_stream what) {
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
std::optional<error> registry::refusal() const {
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

void registry::open(const open_stream& what, open_promise promise, int tries) {
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
void registry::open_replay(const open_stream& what, open_promise promise,
                           int tries, error refused) {
  auto question =
    claim_question(what.request.caller, what.request.idempotency_key,
                   env_.settings.idempotency.ttl);
  request(readers_.next(), caf::infinite, std::move(question))
    .then(
      [this, what, promise, tries, refused](const found_claim& found) mutable {
        if (found.found)
          start(what, promise, tries);
        else
          promise.deliver(to_caf(std::move(refused)));
      },
      [promise, refused](const caf::error&) mutable {
        promise.deliver(to_caf(std::move(refused)));
      });
}

void registry::start(const open_stream& what, open_promise promise, int tries) {
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
  add(id, {session, conversation, true, {}});
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
        if (cause.code == errc::conversation_busy && what.request.cancel_if_busy
            && tries < max_busy_tries)
          clear_way(cause, what, promise, tries);
        else
          promise.deliver(to_caf(std::move(cause)));
      });
}

void registry::on_opened(session_opened& reply, open_promise& promise) {
  auto found = sessions_.find(reply.start.stream);
  session_actor session;
  if (found != sessions_.end())
    session = found->second.session;
  promise.deliver(
    stream_opened{std::move(reply.start), reply.replayed, std::move(session)});
}

// Cancels what answers in the conversation and opens anew.
void registry::clear_way(const error& busy, const open_stream& what,
                         open_promise promise, int tries) {
  auto id = stream_id::parse(busy.reference);
  auto found = id ? sessions_.find(*id) : sessions_.end();
  auto again = [this, what, promise, tries] {
    open(what, promise, tries + 1);
  };
  if (found == sessions_.end()) {
    run_after(this, busy_pause, again);
    return;
  }
  request(found->second.session, caf::infinite, cancel_stream{*id})
    .then([again](stream_state&) { again(); },
          [again](const caf::error&) { again(); });
}

// -- the default model -------------------------------------------------------

void registry::ask_default_model() {
  if (asking_model_)
    return;
  asking_model_ = true;
  auto to_self = [self = caf::weak_actor_ptr{ctrl()}](
                   result<std::vector<llm::model_info>> models) {
    default_model_known what;
    if (models && !models->empty())
      what.name = models->front().id;
    if (auto strong = self.lock())
      caf::anon_send(caf::actor_cast<registry_actor>(strong), std::move(what));
  };
  env_.provider.list_models(env_.loops.at(0), to_self);
  model_timer_ =
    run_after(this, model_patience, [this] { on_model_silence(); });
}

void registry::on_model_silence() {
  model_pause_ = true;
  run_after(this, model_pause, [this] { model_pause_ = false; });
  on_default_model({});
}

void registry::on_default_model(const std::string& name) {
  asking_model_ = false;
  model_timer_.dispose();
  if (!name.empty())
    default_model_ = name;
  for (const auto& open_it : std::exchange(waiting_for_model_, {}))
    open_it();
}

} // namespace parley::actors
