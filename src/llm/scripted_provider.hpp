// A model that does exactly what a test says, when it says so.
//
// Two ways to drive it:
//
//   by hand      every generation waits until the test calls
//                `emit`, `connect`, `finish` or `fail` on it:
//                  auto& run = provider.run(0);
//                  run.connect();
//                  run.emit("Hel");
//                  run.finish();
//   by a script  `play` queues scripts; the n-th start takes the n-th one (the
//                last one serves all further starts). Its steps are taken at
//                once, inside `start`, up to a `stop_here`; `run.advance()`
//                takes those up to the next one.
//
// Nothing here needs a loop or a clock: reports are made inside the calls
// above, on the calling thread. A generation that was destroyed is `cancelled`;
// what is emitted afterwards is not reported, as with a closed connection.
// While a generation is paused emitted deltas are kept, and reported at
// `resume`. Not thread-safe, apart from its use by the deterministic scheduler
// of a test.
#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "llm/provider.hpp"

namespace parley::llm {

// A step: a report, or a place where the script waits for `advance`. A script
// without a `finished` or `failed` hangs at its end.
struct stop_here {};
using scripted_step = std::variant<report, stop_here>;
using script = std::vector<scripted_step>;

// -- steps, shortly ----------------------------------------------------------

[[nodiscard]] report text(std::string what,
                          text_kind kind = text_kind::content);
[[nodiscard]] report
failure(errc code, int http_status = 0,
        std::optional<std::chrono::milliseconds> retry_after = std::nullopt);

// What the test sees of one generation; lives as long as the provider.
class scripted_run {
public:
  scripted_run(prompt asked, report_function on_report, script steps);

  // -- doing -----------------------------------------------------------------

  void connect();
  void emit(std::string what, text_kind kind = text_kind::content);
  void emit(deltas what);
  void finish(finish_reason reason = finish_reason::stop,
              std::optional<usage> used = std::nullopt);
  void
  fail(errc code, int http_status = 0,
       std::optional<std::chrono::milliseconds> retry_after = std::nullopt);
  // Takes the script's steps up to its next `stop_here` or its end.
  void advance();

  // -- looking ---------------------------------------------------------------

  [[nodiscard]] const prompt& asked() const noexcept {
    return asked_;
  }
  // The generation was destroyed, after its end or before.
  [[nodiscard]] bool destroyed() const noexcept {
    return destroyed_;
  }
  // It was destroyed before its end.
  [[nodiscard]] bool cancelled() const noexcept {
    return destroyed_ && !ended_;
  }
  [[nodiscard]] bool ended() const noexcept {
    return ended_;
  }
  [[nodiscard]] bool paused() const noexcept {
    return paused_;
  }
  [[nodiscard]] std::size_t pauses() const noexcept {
    return pauses_;
  }
  [[nodiscard]] std::size_t resumes() const noexcept {
    return resumes_;
  }

private:
  friend class scripted_generation;

  void tell(report what);
  void pause();
  void resume();
  void destroy();

  prompt asked_;
  report_function on_report_;
  script steps_;
  std::size_t next_step_ = 0;
  std::deque<report> held_; // while paused
  bool ended_ = false;
  bool destroyed_ = false;
  bool paused_ = false;
  std::size_t pauses_ = 0;
  std::size_t resumes_ = 0;
};

class scripted_provider final : public provider {
public:
  scripted_provider();
  ~scripted_provider() override;

  // Queues a script for the next start that has none yet.
  void play(script steps);

  // What `list_models` answers; at first one model, `scripted`.
  void set_models(result<std::vector<model_info>> models);

  [[nodiscard]] std::size_t starts() const noexcept {
    return runs_.size();
  }
  // Precondition: index < starts().
  [[nodiscard]] scripted_run& run(std::size_t index);
  // The latest. Precondition: starts() > 0.
  [[nodiscard]] scripted_run& last_run();

  [[nodiscard]] std::unique_ptr<generation>
  start(prompt what, boost::asio::io_context& loop,
        report_function on_report) override;
  void list_models(boost::asio::io_context& loop,
                   models_function on_models) override;
  [[nodiscard]] std::string_view name() const noexcept override {
    return "scripted";
  }

private:
  std::vector<script> scripts_;
  std::vector<std::shared_ptr<scripted_run>> runs_;
  result<std::vector<model_info>> models_;
};

} // namespace parley::llm
