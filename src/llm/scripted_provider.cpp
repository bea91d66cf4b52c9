#include "llm/scripted_provider.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

namespace parley::llm {

class scripted_generation final : public generation {
public:
  explicit scripted_generation(std::shared_ptr<scripted_run> run)
    : run_(std::move(run)) {
  }

  ~scripted_generation() override {
    run_->destroy();
  }
  void pause() override {
    run_->pause();
  }
  void resume() override {
    run_->resume();
  }

private:
  std::shared_ptr<scripted_run> run_;
};

// -- steps -------------------------------------------------------------------

report text(std::string what, text_kind kind) {
  deltas made;
  made.items.emplace_back(text_delta{kind, std::move(what)});
  return made;
}

report failure(errc code, int http_status,
               std::optional<std::chrono::milliseconds> retry_after) {
  error why{code, "The scripted upstream failed.", {}, {}, retry_after};
  return failed{std::move(why), http_status};
}

// -- one generation ----------------------------------------------------------

scripted_run::scripted_run(prompt asked, report_function on_report,
                           script steps)
  : asked_(std::move(asked)),
    on_report_(std::move(on_report)),
    steps_(std::move(steps)) {
}

void scripted_run::connect() {
  tell(connected{});
}

void scripted_run::emit(std::string what, text_kind kind) {
  tell(text(std::move(what), kind));
}

void scripted_run::emit(deltas what) {
  tell(std::move(what));
}

void scripted_run::finish(finish_reason reason, std::optional<usage> used) {
  tell(finished{reason, used});
}

void scripted_run::fail(errc code, int http_status,
                        std::optional<std::chrono::milliseconds> retry_after) {
  tell(failure(code, http_status, retry_after));
}

void scripted_run::advance() {
  while (next_step_ < steps_.size()) {
    // A report may lead back here, so the place is moved first.
    const auto& step = steps_[next_step_++];
    if (std::holds_alternative<stop_here>(step))
      return;
    tell(std::get<report>(step));
  }
}

void scripted_run::tell(report what) {
  if (ended_ || destroyed_)
    return;
  if (paused_) {
    held_.push_back(std::move(what));
    return;
  }
  ended_ = std::holds_alternative<finished>(what)
           || std::holds_alternative<failed>(what);
  on_report_(std::move(what));
}

void scripted_run::pause() {
  ++pauses_;
  paused_ = true;
}

void scripted_run::resume() {
  ++resumes_;
  paused_ = false;
  while (!paused_ && !held_.empty()) {
    auto next = std::move(held_.front());
    held_.pop_front();
    tell(std::move(next));
  }
}

void scripted_run::destroy() {
  destroyed_ = true;
  held_.clear();
}

// -- the provider ------------------------------------------------------------

scripted_provider::scripted_provider()
  : models_(std::vector<model_info>{{"scripted", 0, "parley"}}) {
}

scripted_provider::~scripted_provider() = default;

void scripted_provider::play(script steps) {
  scripts_.push_back(std::move(steps));
}

void scripted_provider::set_models(result<std::vector<model_info>> models) {
  models_ = std::move(models);
}

scripted_run& scripted_provider::run(std::size_t index) {
  assert(index < runs_.size());
  return *runs_[index];
}

scripted_run& scripted_provider::last_run() {
  assert(!runs_.empty());
  return *runs_.back();
}

std::unique_ptr<generation>
scripted_provider::start(prompt what, boost::asio::io_context&,
                         report_function on_report) {
  script steps;
  if (!scripts_.empty())
    steps = scripts_[std::min(runs_.size(), scripts_.size() - 1)];
  auto run = std::make_shared<scripted_run>(
    std::move(what), std::move(on_report), std::move(steps));
  runs_.push_back(run);
  auto made = std::make_unique<scripted_generation>(run);
  run->advance();
  return made;
}

void scripted_provider::list_models(boost::asio::io_context&,
                                    models_function on_models) {
  on_models(models_);
}

} // namespace parley::llm
