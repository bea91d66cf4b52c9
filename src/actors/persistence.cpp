#include "actors/persistence.hpp"

#include <algorithm>
#include <functional>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include <caf/typed_event_based_actor.hpp>

#include "actors/accept_decision.hpp"
#include "actors/errors.hpp"
#include "actors/timer.hpp"
#include "chat/limits.hpp"

namespace parley::actors {

namespace {

using namespace storage;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

// What one sweep of expired records removes at most; the next follows at once
// when there is more.
constexpr std::size_t sweep_items = 500;

// A probe's result answers /readyz for so long.
constexpr milliseconds probe_age{1000};

class persistence : public persistence_actor::base {
public:
  persistence(caf::actor_config& config,
              const persistence_environment& environment)
    : persistence_actor::base(config), env_(environment) {
  }

  behavior_type make_behavior() override {
    schedule_sweep();
    return {
      [this](accept& what) { return on_accept(std::move(what)); },
      [this](append_batch& what) { return on_append(std::move(what)); },
      [this](finish& what) { return on_finish(std::move(what)); },
      [this](create_conversation& what) {
        return on_create(std::move(what.draft));
      },
      [this](const change_conversation& what) { return on_change(what); },
      [this](const delete_conversation& what) { return on_delete(what); },
      [this](import_conversation& what) {
        return on_import(std::move(what.what));
      },
      [this](probe_store) { return on_probe(); },
      [this](const remember& what) {
        return to_answer(env_.store.put_meta(what.name, what.value));
      },
      [this](commit_batch) {
        commit_due_ = false;
        commit();
      },
    };
  }

  void on_exit() override {
    commit();
  }

private:
  // -- requests
  // --------------------------------------------------------------------

  caf::result<accepted> on_accept(accept&& what) {
    auto touches = [&] {
      return touched_.contains(what.record.conversation.str())
             || (!what.request.idempotency_key.empty()
                 && touched_.contains(claim_name(what.request)));
    };
    if (touches())
      commit();
    auto now = timestamp::now();
    auto decision = decide(what, env_.store, now,
                           {now.ms - env_.settings.idempotency.ttl.count()});
    if (!decision)
      return to_caf(std::move(decision.error()));
    if (decision->answer.replayed)
      return std::move(decision->answer);
    touched_.insert(what.record.conversation.str());
    if (!what.request.idempotency_key.empty())
      touched_.insert(claim_name(what.request));
    else if (auto from = current_sender())
      send(
        caf::actor_cast<session_actor>(from),
        accept_decided{decision->answer.conv, decision->answer.record.model});
    return enqueue_write(std::move(decision->writes),
                         std::move(decision->answer), important());
  }

  caf::result<void> on_append(append_batch&& what) {
    std::vector<mutation> writes;
    for (auto& segment : what.segments)
      writes.emplace_back(append_segment{std::move(segment)});
    auto sync = env_.settings.storage.durability == config::durability::strict
                  ? sync_mode::disk
                  : sync_mode::none;
    return enqueue_write(std::move(writes), sync);
  }

  caf::result<void> on_finish(finish&& what) {
    const auto& id = what.record.conversation;
    if (touched_.contains(id.str()))
      commit();
    auto conv = env_.store.get_conversation(id);
    if (!conv && conv.error().code == errc::conversation_not_found)
      return caf::unit; // deleted meanwhile
    if (!conv)
      return to_caf(std::move(conv.error()));
    if (conv->active_stream == what.record.id)
      conv->active_stream = {};
    conv->updated_at = std::max(conv->updated_at, what.record.finished_at);
    touched_.insert(id.str());
    std::vector<mutation> writes;
    writes.emplace_back(put_conversation{std::move(*conv)});
    writes.emplace_back(put_message{std::move(what.answer)});
    writes.emplace_back(erase_segments{what.record.id});
    writes.emplace_back(put_stream{std::move(what.record)});
    return enqueue_write(std::move(writes), important());
  }

  caf::result<conversation> on_create(conversation&& draft) {
    auto made = std::move(draft);
    made.id = env_.ids.next<conversation_id>();
    made.created_at = timestamp::now();
    made.updated_at = made.created_at;
    std::vector<mutation> writes;
    writes.emplace_back(put_conversation{made});
    return enqueue_write(std::move(writes), std::move(made), important());
  }

  caf::result<conversation> on_change(const change_conversation& what) {
    if (touched_.contains(what.id.str()))
      commit();
    auto conv = env_.store.get_conversation(what.id);
    if (!conv)
      return to_caf(std::move(conv.error()));
    const auto& patch = what.patch;
    if (patch.title)
      conv->title = *patch.title;
    if (patch.system_prompt)
      conv->system_prompt = *patch.system_prompt;
    if (patch.model)
      conv->model = *patch.model;
    if (patch.metadata)
      conv->metadata = *patch.metadata;
    conv->updated_at = std::max(conv->updated_at, timestamp::now());
    touched_.insert(what.id.str());
    std::vector<mutation> writes;
    writes.emplace_back(put_conversation{*conv});
    return enqueue_write(std::move(writes), std::move(*conv), important());
  }

  caf::result<void> on_delete(const delete_conversation& what) {
    // The erasure reads what belongs to the conversation: nothing of it may
    // still wait.
    commit();
    auto conv = env_.store.get_conversation(what.id);
    if (!conv)
      return to_caf(std::move(conv.error()));
    std::vector<mutation> writes;
    writes.emplace_back(erase_conversation{what.id});
    auto answer = enqueue_write(std::move(writes), important());
    commit();
    return answer;
  }

  caf::result<conversation> on_import(exported_conversation&& what) {
    if (touched_.contains(what.conversation.id.str()))
      commit();
    auto present = env_.store.get_conversation(what.conversation.id);
    if (present)
      return to_caf({errc::id_in_use,
                     "conversation " + what.conversation.id.str()
                       + " exists; delete it first, or import elsewhere",
                     "conversation.id", what.conversation.id.str(),
                     std::nullopt});
    if (present.error().code != errc::conversation_not_found)
      return to_caf(std::move(present.error()));
    if (auto taken = foreign_stream(what))
      return to_caf(std::move(*taken));
    auto& conv = what.conversation;
    conv.active_stream = {};
    conv.message_count = what.messages.size();
    conv.last_message =
      what.messages.empty() ? message_id{} : what.messages.back().id;
    touched_.insert(conv.id.str());
    std::vector<mutation> writes;
    writes.emplace_back(put_conversation{conv});
    for (auto& item : what.messages) {
      // Nobody generates it here.
      if (item.status == message_status::generating)
        item.status = message_status::interrupted;
      writes.emplace_back(put_message{std::move(item)});
    }
    return enqueue_write(std::move(writes), std::move(conv), important());
  }

  // A message whose stream belongs to a conversation that is here is that
  // conversation's message.
  [[nodiscard]] std::optional<error>
  foreign_stream(const exported_conversation& what) const {
    for (const auto& item : what.messages) {
      if (item.stream.empty())
        continue;
      auto present = env_.store.get_stream(item.stream);
      if (present || present.error().code == errc::stream_expired)
        return error{errc::id_in_use,
                     "stream " + item.stream.str() + " of message "
                       + item.id.str()
                       + " belongs to another conversation; delete that one "
                         "first, or import elsewhere",
                     "messages", item.stream.str(), std::nullopt};
      if (present.error().code != errc::stream_not_found)
        return std::move(present.error());
    }
    return std::nullopt;
  }

  caf::result<void> on_probe() {
    auto now = steady_clock::now();
    if (!probed_ || now - *probed_ > probe_age || !last_probe_ok_) {
      commit();
      probed_ = now;
      probe();
    }
    if (last_probe_ok_)
      return caf::unit;
    return to_caf(probe_error_);
  }

  // -- the open batch
  // --------------------------------------------------------------

  // Told what became of a request's writes; null: they are stored.
  using outcome_function = std::function<void(const error*)>;

  caf::result<void> enqueue_write(std::vector<mutation> writes,
                                  sync_mode sync) {
    auto promise = make_response_promise<void>();
    enqueue_batch(std::move(writes), sync, [promise](const error* why) mutable {
      if (why == nullptr)
        promise.deliver();
      else
        promise.deliver(to_caf(*why));
    });
    return promise;
  }

  template <class T>
  caf::result<T> enqueue_write(std::vector<mutation> writes, T answer,
                               sync_mode sync) {
    auto promise = make_response_promise<T>();
    enqueue_batch(
      std::move(writes), sync,
      [promise, answer = std::move(answer)](const error* why) mutable {
        if (why == nullptr)
          promise.deliver(std::move(answer));
        else
          promise.deliver(to_caf(*why));
      });
    return promise;
  }

  void enqueue_batch(std::vector<mutation> writes, sync_mode sync,
                     outcome_function on_outcome) {
    std::move(writes.begin(), writes.end(), std::back_inserter(batch_));
    outcomes_.push_back(std::move(on_outcome));
    if (sync == sync_mode::disk)
      sync_ = sync_mode::disk;
    if (commit_due_)
      return;
    commit_due_ = true;
    // Behind everything that is in the mailbox now: that becomes one batch.
    send(caf::actor_cast<persistence_actor>(ctrl()), commit_batch{});
  }

  void commit() {
    if (outcomes_.empty())
      return;
    auto batch = std::exchange(batch_, {});
    auto outcomes = std::exchange(outcomes_, {});
    auto sync = std::exchange(sync_, sync_mode::none);
    touched_.clear();
    auto written = write(batch, sync);
    for (auto& outcome : outcomes)
      outcome(written ? nullptr : &written.error());
  }

  result<void> write(const std::vector<mutation>& batch, sync_mode sync) {
    if (!last_probe_ok_) {
      probe();
      if (!last_probe_ok_)
        return fail(probe_error_);
    }
    auto begin = steady_clock::now();
    auto written = env_.store.write(batch, sync);
    if (env_.metrics != nullptr) {
      std::chrono::duration<double> took = steady_clock::now() - begin;
      env_.metrics->commit_time->observe(took.count());
      env_.metrics->commits->inc();
      if (!written)
        env_.metrics->commit_failures->inc();
    }
    if (!written)
      on_write_failed(written.error());
    return written;
  }

  void on_write_failed(error& why) {
    why.retry_after = std::chrono::seconds{5};
    env_.log.error("storage.write_failed", {{"detail", why.detail}});
    probe_error_ = why;
    last_probe_ok_ = false;
    probed_ = steady_clock::now();
  }

  void probe() {
    auto probed = env_.store.probe();
    if (!probed) {
      probe_error_ = std::move(probed.error());
      probe_error_.retry_after = std::chrono::seconds{5};
    } else if (!last_probe_ok_) {
      env_.log.info("storage.recovered");
    }
    last_probe_ok_ = static_cast<bool>(probed);
  }

  // -- the rest
  // --------------------------------------------------------------------

  [[nodiscard]] sync_mode important() const {
    return env_.settings.storage.durability == config::durability::os
             ? sync_mode::none
             : sync_mode::disk;
  }

  static std::string claim_name(const chat_request& request) {
    return request.caller + '\0' + request.idempotency_key;
  }

  void schedule_sweep() {
    auto shortest =
      std::min(env_.settings.streams.retention, env_.settings.idempotency.ttl);
    auto interval =
      std::clamp(shortest / 4, milliseconds{1000}, milliseconds{60'000});
    run_after(this, interval, [this] { sweep(); });
  }

  void sweep() {
    auto now = timestamp::now().ms;
    auto removed = env_.store.sweep_expired(
      {now - env_.settings.streams.retention.count()},
      {now - env_.settings.idempotency.ttl.count()}, sweep_items);
    if (!removed)
      env_.log.warn("storage.sweep_failed",
                    {{"detail", removed.error().detail}});
    if (removed && *removed == sweep_items)
      run_after(this, milliseconds{0}, [this] { sweep(); });
    else
      schedule_sweep();
  }

  persistence_environment env_;
  std::vector<mutation> batch_;
  std::vector<outcome_function> outcomes_;
  sync_mode sync_ = sync_mode::none;
  bool commit_due_ = false;
  // Conversations and claims that the open batch changes.
  std::set<std::string> touched_;
  bool last_probe_ok_ = true;
  error probe_error_;
  std::optional<steady_clock::time_point> probed_;
};

} // namespace

persistence_actor spawn_persistence(caf::actor_system& system,
                                    const persistence_environment& environment,
                                    bool detached) {
  if (detached)
    return system.spawn<persistence, caf::detached>(environment);
  return system.spawn<persistence>(environment);
}

} // namespace parley::actors
