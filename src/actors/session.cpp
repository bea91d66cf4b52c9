// The session's table of contents, and its readers.
#include "actors/session_impl.hpp"

#include <utility>

#include <caf/actor_system.hpp>

#include "actors/errors.hpp"
#include "actors/timer.hpp"
#include "runtime/caf_compat.hpp"

namespace parley::actors {

namespace {

// A session that was brought back stays at least so long: it was given to
// readers that have not come yet, perhaps many at once, and bringing it back
// again costs more than keeping it.
constexpr std::chrono::seconds replay_linger{5};

} // namespace

session::session(caf::actor_config& config,
                 const session_environment& environment,
                 registry_actor registry, stream_record record,
                 bool new_conversation, std::string default_model)
  : session_actor::base(config),
    env_(environment),
    registry_(std::move(registry)),
    record_(std::move(record)),
    readers_([this](const reader_actor& to, const caf::message& what) {
      runtime::send_shared(this, to, what);
    }),
    new_conversation_(new_conversation),
    default_model_(std::move(default_model)) {
  record_.status = stream_status::queued;
}

session::session(caf::actor_config& config,
                 const session_environment& environment,
                 registry_actor registry, stream_record record, stream_log log)
  : session_actor::base(config),
    env_(environment),
    registry_(std::move(registry)),
    phase_(phase::closed),
    record_(std::move(record)),
    readers_([this](const reader_actor& to, const caf::message& what) {
      runtime::send_shared(this, to, what);
    }),
    log_(std::move(log)) {
}

session::behavior_type session::make_behavior() {
  begun_ = now();
  set_down_handler([this](caf::down_msg& what) {
    if (worker_ && worker_ == what.source) {
      worker_ = nullptr;
      stop_worker();
      llm::failed failure;
      failure.why.code = errc::internal;
      failure.why.detail = "the worker of this answer ended unexpectedly";
      on_upstream_failed(failure);
    } else {
      on_reader_gone(what.source);
    }
  });
  if (phase_ == phase::closed) {
    lingering_ = true;
    run_after(this, replay_linger, [this] {
      lingering_ = false;
      quit_if_unread();
    });
  }
  return {
    [this](open_stream& what) { return on_open(std::move(what)); },
    [this](const subscribe& what, const reader_actor& reader) {
      return on_subscribe(what, reader);
    },
    [this](const grant& what) {
      if (auto from = current_sender()) {
        readers_.grant(caf::actor_cast<caf::actor_addr>(from), what.credit);
        publish();
      }
    },
    [this](unsubscribe) {
      if (auto from = current_sender())
        on_reader_gone(caf::actor_cast<caf::actor_addr>(from));
    },
    [this](const cancel_stream&) { return on_cancel(); },
    [this](const get_stream_state&) { return state(); },
    [this](const end_stream& what) {
      end_with_error(what.code, "the server is shutting down; what had "
                                "arrived is kept");
      lingering_ = false;
      quit_if_unread();
    },
    [this](upstream_report& what) { on_report(what); },
    [this](const accept_decided& what) {
      if (phase_ == phase::accepting && !end_)
        on_decided(what.conv, what.model);
    },
    [this](const appended& what) { on_appended(what.last_seq); },
    [this](const append_failed& what) {
      end_with_error(errc::storage_failed, what.why.detail);
    },
  };
}

void session::on_exit() {
  // It died: what its end would have counted.
  if (env_.metrics != nullptr
      && (phase_ == phase::generating || phase_ == phase::finishing))
    env_.metrics->streams_in_flight->dec();
  // Handles of actors that hold this one: no cycle may remain.
  stop_worker();
  readers_.clear();
  registry_ = nullptr;
  retry_timer_.dispose();
  nobody_timer_.dispose();
}

// -- readers -----------------------------------------------------------------

caf::result<subscribed> session::on_subscribe(const subscribe& what,
                                              const reader_actor& reader) {
  if (!log_ || phase_ == phase::accepting)
    return to_caf({errc::overloaded,
                   "this stream is still being accepted",
                   {},
                   {},
                   std::chrono::seconds{1}});
  auto place = log_->at(what.after);
  if (!place)
    return to_caf(std::move(place.error()));
  auto promise = make_response_promise<subscribed>();
  if (log_->at_end(*place)) {
    promise.deliver(subscribed{state(), true});
    quit_if_unread();
    return promise;
  }
  using past_progress = reader_list::past_progress;
  auto past =
    had_reader_ || has_token_ ? past_progress::untold : past_progress::told;
  had_reader_ = true;
  if (readers_.add(reader, *place, what.credit, past))
    monitor(reader);
  nobody_timer_.dispose();
  // The answer comes before the first `events`.
  promise.deliver(subscribed{state(), false});
  publish();
  return promise;
}

void session::on_reader_gone(const caf::actor_addr& who) {
  if (!readers_.remove(who) || !readers_.empty())
    return;
  if (phase_ == phase::closed)
    quit_if_unread();
  else if (request_.on_disconnect.kind == disconnect_policy::kind_t::cancel)
    end(done_event{finish_reason::cancelled, record_.message, {}, 0});
  else
    on_nobody_listens(request_.on_disconnect.grace);
}

// Cancels when the time is over and nobody came.
void session::on_nobody_listens(std::chrono::milliseconds grace) {
  if (request_.on_disconnect.kind == disconnect_policy::kind_t::keep)
    return;
  nobody_timer_.dispose();
  nobody_timer_ = run_after(this, grace, [this] {
    if (readers_.empty() && phase_ != phase::closed)
      end(done_event{finish_reason::cancelled, record_.message, {}, 0});
  });
}

caf::result<stream_state> session::on_cancel() {
  if (phase_ == phase::closed)
    return state();
  auto promise = make_response_promise<stream_state>();
  cancels_.push_back(promise);
  end(done_event{finish_reason::cancelled, record_.message, {}, 0});
  return promise;
}

void session::publish(std::int64_t read_at) {
  if (!log_ || phase_ == phase::accepting || readers_.empty())
    return;
  for (const auto& who : readers_.publish(*log_, read_at))
    demonitor(who);
  if (phase_ == phase::closed)
    quit_if_unread();
}

void session::tell(progress_stage stage) {
  auto attempt =
    stage == progress_stage::retrying ? attempt_ + 1 : std::max(attempt_, 1u);
  readers_.add_progress({stage, attempt});
  publish();
}

stream_state session::state() const {
  auto now = state_of(record_);
  if (log_)
    now.last_seq = log_->last_seq();
  now.subscribers = readers_.size();
  return now;
}

session::time_point session::now() const {
  return home_system().clock().now();
}

bool session::strict() const {
  return env_.settings.storage.durability == config::durability::strict;
}

const journal_actor& session::journal() const {
  return env_.journals[loop_ % env_.journals.size()];
}

// -- making them -------------------------------------------------------------

session_actor spawn_session(caf::actor_system& system,
                            const session_environment& environment,
                            registry_actor registry, stream_record record,
                            bool new_conversation, std::string default_model) {
  return system.spawn<session>(environment, std::move(registry),
                               std::move(record), new_conversation,
                               std::move(default_model));
}

session_actor spawn_replay_session(caf::actor_system& system,
                                   const session_environment& environment,
                                   registry_actor registry,
                                   stream_record record, stream_log log) {
  return system.spawn<session>(environment, std::move(registry),
                               std::move(record), std::move(log));
}

} // namespace parley::actors
