#include "actors/journal.hpp"

#include <memory>
#include <utility>
#include <vector>

#include <caf/typed_event_based_actor.hpp>

#include "actors/errors.hpp"
#include "actors/timer.hpp"

namespace parley::actors {

namespace {

class journal : public journal_actor::base {
public:
  journal(caf::actor_config& config, persistence_actor persistence,
          journal_settings settings, std::shared_ptr<journal_buffer> buffer)
    : journal_actor::base(config),
      persistence_(std::move(persistence)),
      settings_(settings),
      buffer_(std::move(buffer)) {
  }

  behavior_type make_behavior() override {
    return {
      [this](text_waits) { on_text(); },
      [this](finish& what) {
        return caf::result<void>{delegate(persistence_, std::move(what))};
      },
    };
  }

  void on_exit() override {
    append_batch rest;
    for (auto& part : buffer_->close())
      rest.segments.push_back(std::move(part.segment));
    if (!rest.segments.empty())
      send(persistence_, std::move(rest));
  }

private:
  void on_text() {
    if (settings_.strict) {
      if (!in_flight_)
        flush();
    } else if (buffer_->full()) {
      flush();
    } else if (!timer_set_) {
      timer_set_ = true;
      run_after(this, settings_.flush_interval, [this] {
        timer_set_ = false;
        flush();
      });
    }
  }

  // Whom to tell what became of a batch, and up to where it goes.
  using told = std::vector<std::pair<caf::strong_actor_ptr, seq_t>>;

  void flush() {
    auto parts = buffer_->take();
    if (parts.empty())
      return;
    append_batch batch;
    told sessions;
    batch.segments.reserve(parts.size());
    sessions.reserve(parts.size());
    for (auto& part : parts) {
      sessions.emplace_back(std::move(part.session), part.segment.last_seq());
      batch.segments.push_back(std::move(part.segment));
    }
    in_flight_ = true;
    auto shared = std::make_shared<const told>(std::move(sessions));
    request(persistence_, caf::infinite, std::move(batch))
      .then([this, shared] { on_stored(*shared); },
            [this, shared](const caf::error& why) {
              on_failed(*shared, to_error(why));
            });
  }

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
  std::shared_ptr<journal_buffer> buffer_;
  bool timer_set_ = false;
  bool in_flight_ = false;
};

} // namespace

journal_handle spawn_journal(caf::actor_system& system,
                             persistence_actor persistence,
                             journal_settings settings) {
  auto buffer = std::make_shared<journal_buffer>();
  auto actor = system.spawn<journal>(std::move(persistence), settings, buffer);
  return {std::move(actor), std::move(buffer)};
}

} // namespace parley::actors
