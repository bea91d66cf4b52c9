#include "actors/llm_worker.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <utility>

#include <caf/send.hpp>
#include <caf/typed_event_based_actor.hpp>

#include "actors/timer.hpp"
#include "chat/utf8.hpp"

namespace parley::actors {

namespace {

using std::chrono::milliseconds;
using time_point = caf::actor_clock::time_point;

std::int64_t steady_now() {
  return std::chrono::steady_clock::now().time_since_epoch().count();
}

// What the worker must know of the text, which goes to the session without it.
// Written by whoever reports, read by the worker.
struct pulse {
  std::atomic<time_point::rep> last{0}; // the actor clock's; 0: no text yet
  std::atomic<std::uint64_t> chars{0};  // counted where the pace is watched
};

std::uint64_t text_length(const llm::deltas& what) {
  std::uint64_t sum = 0;
  for (const auto& item : what.items)
    if (auto* text = std::get_if<llm::text_delta>(&item))
      sum += utf8::length(text->text);
  return sum;
}

class llm_worker : public llm_worker_actor::base {
public:
  llm_worker(caf::actor_config& config,
             const llm_worker_environment& environment, session_actor session,
             llm::prompt what, std::uint32_t attempt)
    : llm_worker_actor::base(config),
      env_(environment),
      session_(std::move(session)),
      prompt_(std::move(what)),
      attempt_(attempt) {
  }

  behavior_type make_behavior() override {
    monitor(session_);
    set_down_handler([this](caf::down_msg&) { quit(); });
    begun_ = now();
    phase_begun_ = begun_;
    window_begun_ = begun_;
    generation_ =
      env_.provider.start(std::move(prompt_), env_.loop, report_function());
    arm();
    return {
      [this](const upstream_report& what) { on_report(what); },
    };
  }

  void on_exit() override {
    generation_.reset();
    timer_.dispose();
    session_ = nullptr; // the session holds this actor: no cycle may remain
  }

private:
  enum class phase : std::uint8_t { connecting, waiting, streaming };

  // -- reports
  // -----------------------------------------------------------------------

  // Every report goes to the session at once. The worker is told only when a
  // phase begins.
  [[nodiscard]] llm::report_function report_function() {
    return [session = caf::actor_cast<caf::weak_actor_ptr>(session_),
            self = caf::weak_actor_ptr{ctrl()}, beat = pulse_,
            attempt = attempt_, counts = watches_pace()](llm::report what) {
      auto to = session.lock();
      if (!to)
        return;
      if (std::holds_alternative<llm::connected>(what)) {
        tell_phase(self, {attempt, llm::connected{}, 0});
      } else if (auto* some = std::get_if<llm::deltas>(&what)) {
        if (counts)
          beat->chars += text_length(*some);
        auto at = to->home_system->clock().now().time_since_epoch().count();
        if (beat->last.exchange(at) == 0)
          tell_phase(self, {attempt, llm::deltas{}, 0});
      }
      caf::anon_send(caf::actor_cast<session_actor>(to),
                     upstream_report{attempt, std::move(what), steady_now()});
    };
  }

  static void tell_phase(const caf::weak_actor_ptr& worker,
                         upstream_report what) {
    if (auto to = worker.lock())
      caf::anon_send(caf::actor_cast<llm_worker_actor>(to), std::move(what));
  }

  void on_report(const upstream_report& what) {
    enter(std::holds_alternative<llm::connected>(what.what) ? phase::waiting
                                                            : phase::streaming);
  }

  // -- time-outs
  // ---------------------------------------------------------------------

  void enter(phase next) {
    phase_ = next;
    phase_begun_ = now();
    window_begun_ = phase_begun_;
    window_chars_ = 0; // all text counts from the first on
    arm();
  }

  // One timer for whatever is due first. Deltas do not touch it: when it fires
  // too early it is set anew.
  void arm() {
    timer_.dispose();
    timer_ = run_after(this, next_deadline() - now(), [this] { on_timer(); });
  }

  [[nodiscard]] time_point next_deadline() const {
    auto due = std::min(begun_ + env_.settings.llm.total_timeout,
                        phase_begun_ + phase_timeout());
    if (phase_ == phase::streaming && watches_pace())
      due = std::min(due, window_begun_ + env_.settings.llm.min_chars_window);
    return due;
  }

  [[nodiscard]] milliseconds phase_timeout() const {
    const auto& llm = env_.settings.llm;
    switch (phase_) {
    case phase::connecting:
      return llm.connect_timeout;
    case phase::waiting:
      return llm.first_token_timeout;
    default:
      return llm.idle_timeout;
    }
  }

  void on_timer() {
    auto at = now();
    if (phase_ == phase::streaming)
      phase_begun_ = time_point{time_point::duration{pulse_->last.load()}};
    if (at >= begun_ + env_.settings.llm.total_timeout)
      time_out("the upstream did not finish the answer in time");
    else if (at >= phase_begun_ + phase_timeout())
      time_out(phase_ == phase::connecting
                 ? "the upstream could not be connected in time"
               : phase_ == phase::waiting
                 ? "the upstream sent no first token in time"
                 : "the upstream stopped sending in mid-answer");
    else if (phase_ == phase::streaming && watches_pace()
             && at >= window_begun_ + env_.settings.llm.min_chars_window)
      check_pace(at);
    else
      arm();
  }

  void check_pace(time_point at) {
    std::chrono::duration<double> window = at - window_begun_;
    auto wanted = env_.settings.llm.min_chars_per_second * window.count();
    const auto chars = pulse_->chars.load();
    if (static_cast<double>(chars - window_chars_) < wanted) {
      time_out("the upstream sends too slowly (llm.min-chars-per-second)");
      return;
    }
    window_begun_ = at;
    window_chars_ = chars;
    arm();
  }

  void time_out(std::string why) {
    llm::failed failure;
    failure.why.code = errc::upstream_timeout;
    failure.why.detail = std::move(why);
    generation_.reset();
    send(session_, upstream_report{attempt_, std::move(failure), 0});
    quit();
  }

  [[nodiscard]] bool watches_pace() const {
    return env_.settings.llm.min_chars_per_second > 0;
  }

  [[nodiscard]] time_point now() const {
    return home_system().clock().now();
  }

  llm_worker_environment env_;
  session_actor session_;
  llm::prompt prompt_;
  std::uint32_t attempt_;
  std::unique_ptr<llm::generation> generation_;
  phase phase_ = phase::connecting;
  time_point begun_;
  time_point phase_begun_; // or the last delta
  time_point window_begun_;
  std::uint64_t window_chars_ = 0; // counted when the window began
  std::shared_ptr<pulse> pulse_ = std::make_shared<pulse>();
  caf::disposable timer_;
};

} // namespace

llm_worker_actor spawn_llm_worker(caf::actor_system& system,
                                  const llm_worker_environment& environment,
                                  session_actor session, llm::prompt what,
                                  std::uint32_t attempt) {
  return system.spawn<llm_worker>(environment, std::move(session),
                                  std::move(what), attempt);
}

} // namespace parley::actors
