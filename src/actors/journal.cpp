#include "actors/journal.hpp"

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include <caf/typed_event_based_actor.hpp>

#include "actors/errors.hpp"
#include "actors/timer.hpp"
#include "chat/limits.hpp"

namespace parley::actors {

namespace {

std::size_t bytes_of(const log_segment& segment) {
  std::size_t sum = 0;
  for (const auto& entry : segment.entries)
    sum += entry.text.size() + entry.delta.arguments.size();
  return sum;
}

class journal : public journal_actor::base {
public:
  journal(caf::actor_config& config, persistence_actor persistence,
          journal_settings settings)
    : journal_actor::base(config),
      persistence_(std::move(persistence)),
      settings_(settings) {
  }

  behavior_type make_behavior() override {
    return {
      [this](append& what) { on_append(std::move(what)); },
      [this](finish& what) { return on_finish(std::move(what)); },
    };
  }

  void on_exit() override {
    append_batch rest;
    for (auto& [stream, entry] : waiting_)
      std::move(entry.segments.begin(), entry.segments.end(),
                std::back_inserter(rest.segments));
    waiting_.clear();
    if (!rest.segments.empty())
      send(persistence_, std::move(rest));
  }

private:
  // Segments of one stream that wait, in order, and who is told of them.
  struct waiting {
    caf::strong_actor_ptr session;
    std::vector<log_segment> segments;
  };
  using group = std::map<stream_id, waiting>;

  void on_append(append&& what) {
    bytes_ += bytes_of(what.segment);
    auto& entry = waiting_[what.segment.stream];
    entry.session = current_sender();
    // A session that is ahead of the clock adds to its last segment, so that a
    // group holds one segment a stream.
    if (entry.segments.empty())
      entry.segments.push_back(std::move(what.segment));
    else
      std::move(what.segment.entries.begin(), what.segment.entries.end(),
                std::back_inserter(entry.segments.back().entries));
    if (settings_.strict) {
      if (!in_flight_)
        flush();
    } else if (bytes_ >= limits::journal_flush_bytes) {
      flush();
    } else if (!timer_set_) {
      timer_set_ = true;
      run_after(this, settings_.flush_interval, [this] {
        timer_set_ = false;
        flush();
      });
    }
  }

  caf::result<void> on_finish(finish&& what) {
    waiting_.erase(what.record.id);
    return delegate(persistence_, std::move(what));
  }

  void flush() {
    bytes_ = 0;
    if (waiting_.empty())
      return;
    group sent;
    sent.swap(waiting_);
    append_batch batch;
    std::vector<std::pair<caf::strong_actor_ptr, seq_t>> sessions;
    for (auto& [stream, entry] : sent) {
      sessions.emplace_back(std::move(entry.session),
                            entry.segments.back().last_seq());
      std::move(entry.segments.begin(), entry.segments.end(),
                std::back_inserter(batch.segments));
    }
    in_flight_ = true;
    request(persistence_, caf::infinite, std::move(batch))
      .then([this, sessions] { on_stored(sessions); },
            [this, sessions](const caf::error& why) {
              on_failed(sessions, to_error(why));
            });
  }

  using told = std::vector<std::pair<caf::strong_actor_ptr, seq_t>>;

  void on_stored(const told& sessions) {
    in_flight_ = false;
    if (!settings_.strict)
      return;
    for (const auto& [session, last] : sessions)
      if (session)
        send(caf::actor_cast<session_actor>(session), appended{last});
    flush();
  }

  void on_failed(const told& sessions, const error& why) {
    in_flight_ = false;
    for (const auto& [session, last] : sessions)
      if (session)
        send(caf::actor_cast<session_actor>(session), append_failed{why});
    if (settings_.strict)
      flush();
  }

  persistence_actor persistence_;
  journal_settings settings_;
  group waiting_;
  std::size_t bytes_ = 0;
  bool timer_set_ = false;
  bool in_flight_ = false;
};

} // namespace

journal_actor spawn_journal(caf::actor_system& system,
                            persistence_actor persistence,
                            journal_settings settings) {
  return system.spawn<journal>(std::move(persistence), settings);
}

} // namespace parley::actors
