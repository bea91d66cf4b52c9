// The registry's table of contents, and how sessions are found.
#include "actors/registry_impl.hpp"

#include <memory>
#include <utility>

#include "actors/stream_outcome.hpp"

namespace parley::actors {

registry::registry(caf::actor_config& config,
                   const session_environment& environment, id_generator& ids)
  : registry_actor::base(config),
    env_(environment),
    ids_(ids),
    readers_(environment.readers) {
}

registry::behavior_type registry::make_behavior() {
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

void registry::on_exit() {
  for (const auto& [id, value] : sessions_)
    send_exit(value.session, caf::exit_reason::user_shutdown);
  sessions_.clear();
  by_address_.clear();
  reviving_.clear();
}

// -- finding -----------------------------------------------------------------

caf::result<session_actor> registry::on_find(const find_stream& what) {
  if (const auto* found = find_readable(what.id))
    return found->session;
  auto promise = make_response_promise<session_actor>();
  auto& waiting = reviving_[what.id];
  waiting.push_back(promise);
  if (waiting.size() > 1)
    return promise;
  request(readers_.next(), caf::infinite, load_stream{what.id})
    .then([this,
           id = what.id](storage::stored_stream& found) { revive(id, found); },
          [this, id = what.id](const caf::error& why) {
            auto refused = std::move(reviving_.extract(id).mapped());
            for (auto& one : refused)
              one.deliver(why);
          });
  return promise;
}

void registry::revive(const stream_id& id, storage::stored_stream& found) {
  auto waiting = std::move(reviving_.extract(id).mapped());
  auto refuse = [&waiting](const error& why) {
    for (auto& one : waiting)
      one.deliver(to_caf(why));
  };
  if (const auto* present = find_readable(id)) {
    for (auto& one : waiting)
      one.deliver(present->session);
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
  auto until = end_of_retention(found.record.finished_at);
  auto session = spawn_replay_session(home_system(), env_,
                                      caf::actor_cast<registry_actor>(ctrl()),
                                      std::move(found.record), std::move(*log));
  add(id, {session, conversation, false, until});
  for (auto& one : waiting)
    one.deliver(session);
}

std::optional<error> registry::unreadable(const stream_record& record) const {
  if (!is_terminal(record.status))
    return error{errc::overloaded,
                 "this stream is being closed; try again",
                 {},
                 {},
                 std::chrono::seconds{1}};
  if (timestamp::now() <= end_of_retention(record.finished_at))
    return std::nullopt;
  return error{errc::stream_expired,
               "stream " + record.id.str()
                 + " is older than streams.retention; its text is in its "
                   "message",
               {},
               record.message.str(),
               std::nullopt};
}

caf::result<stream_state> registry::on_state(const get_stream_state& what) {
  return ask_stream(what.id, what);
}

caf::result<stream_state> registry::on_cancel(const cancel_stream& what) {
  return ask_stream(what.id, what);
}

// Asks the session, or the store where there is none: a session ends as soon
// as its stream is on disk and nobody reads, perhaps with this question in
// its mailbox.
template <class Question>
caf::result<stream_state> registry::ask_stream(const stream_id& id,
                                               const Question& what) {
  const auto* found = find_readable(id);
  if (found == nullptr)
    return delegate(readers_.next(), get_stream_state{id});
  auto promise = make_response_promise<stream_state>();
  request(found->session, caf::infinite, what)
    .then(
      [promise](stream_state& state) mutable {
        promise.deliver(std::move(state));
      },
      [this, id, promise](const caf::error&) {
        request(readers_.next(), caf::infinite, get_stream_state{id})
          .then(
            [promise](stream_state& state) mutable {
              promise.deliver(std::move(state));
            },
            [promise](const caf::error& why) mutable { promise.deliver(why); });
      });
  return promise;
}

const registry::entry* registry::find_readable(const stream_id& id) const {
  auto found = sessions_.find(id);
  if (found == sessions_.end())
    return nullptr;
  const auto& what = found->second;
  return what.running || timestamp::now() <= what.readable_until ? &what
                                                                 : nullptr;
}

timestamp registry::end_of_retention(timestamp finished_at) const {
  return {finished_at.ms + env_.settings.streams.retention.count()};
}

void registry::add(const stream_id& id, entry what) {
  monitor(what.session);
  if (what.running)
    ++running_;
  by_address_.emplace(what.session.address(), id);
  sessions_.emplace(id, std::move(what));
}

void registry::forget(const stream_id& id) {
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

caf::result<node_status> registry::on_status() {
  auto promise = make_response_promise<node_status>();
  auto reasons = std::make_shared<std::vector<std::string>>();
  if (draining_)
    reasons->emplace_back("draining");
  auto tell = [promise, reasons]() mutable {
    promise.deliver(node_status{reasons->empty(), *reasons});
  };
  request(env_.persistence, caf::infinite, probe_store{})
    .then(tell, [tell, reasons](const caf::error& why) mutable {
      reasons->push_back("storage: " + to_error(why).detail);
      tell();
    });
  return promise;
}

registry_actor spawn_registry(caf::actor_system& system,
                              const session_environment& environment,
                              id_generator& ids) {
  return system.spawn<registry>(environment, ids);
}

} // namespace parley::actors
