// The session's last phases: the end is written, then shown.
#include "actors/session_impl.hpp"

#include <utility>

#include "actors/errors.hpp"
#include "actors/stream_outcome.hpp"
#include "actors/timer.hpp"

namespace parley::actors {

namespace {

// An end that could not be written is tried again so often.
constexpr std::chrono::seconds save_interval{1};

} // namespace

// The first end wins; it stops the upstream at once, and is written as soon as
// the accept is.
void session::end(terminal_event how, std::optional<usage> used) {
  if (end_ || phase_ == phase::closed)
    return;
  end_ = std::move(how);
  used_ = used;
  end_begun_ = now();
  stop_worker();
  nobody_timer_.dispose();
  if (phase_ == phase::generating)
    begin_finish();
}

void session::end_with_error(errc code, std::string text) {
  error_event what;
  what.code = code;
  what.text = std::move(text);
  what.retryable = info(code).retryable;
  end(std::move(what));
}

usage session::usage_of(const stream_log& log) const {
  if (used_)
    return *used_;
  usage estimated;
  estimated.prompt_tokens = estimate_tokens(prompt_points_);
  estimated.completion_tokens = estimate_tokens(log.content_code_points());
  return estimated;
}

finish session::finish_of(const stream_log& log,
                          const terminal_event& how) const {
  auto made = make_finish(record_, log, how, usage_of(log), timestamp::now());
  made.answer.model = answering_model_;
  return made;
}

void session::begin_finish() {
  phase_ = phase::finishing;
  auto whole = *log_;
  // What is not durable yet becomes so with the end.
  for (const auto& part : staged_)
    for (const auto& entry : part.entries)
      whole.append(entry);
  auto what = finish_of(whole, *end_);
  auto record = what.record;
  request(journal(), caf::infinite, std::move(what))
    .then([this, record] { on_finished(record); },
          [this](const caf::error& why) { on_finish_failed(to_error(why)); });
}

void session::on_finished(const stream_record& record) {
  for (const auto& part : staged_)
    for (const auto& entry : part.entries)
      log_->append(entry);
  staged_.clear();
  if (env_.metrics != nullptr) {
    std::chrono::duration<double> took = now() - end_begun_;
    env_.metrics->added_latency_finish->observe(took.count());
  }
  close(record);
}

// Readers are told that the store failed; the end is written once it can be.
void session::on_finish_failed(const error& why) {
  staged_.clear();
  error_event what;
  what.code = errc::storage_failed;
  what.text = "the end of this answer could not be stored: " + why.detail;
  what.retryable = info(what.code).retryable;
  auto unsaved = finish_of(*log_, what);
  unsaved_ = true;
  close(unsaved.record);
  save_later(std::move(unsaved));
}

void session::save_later(finish what) {
  run_after(this, save_interval, [this, what = std::move(what)] {
    request(journal(), caf::infinite, what)
      .then(
        [this] {
          unsaved_ = false;
          send(registry_, stream_ended{record_.id});
          quit_if_unread();
        },
        [this, what](const caf::error&) { save_later(what); });
  });
}

void session::close(const stream_record& record) {
  record_ = record;
  log_->finish(terminal_of(record_));
  phase_ = phase::closed;
  if (env_.metrics != nullptr) {
    env_.metrics->streams_in_flight->dec();
    env_.metrics->streams_finished(record_.status)->inc();
  }
  env_.log.info("stream.finished",
                {{"stream", record_.id.str()},
                 {"status", to_string(record_.status)},
                 {"last_seq", record_.last_seq},
                 {"ms", record_.finished_at.ms - record_.started_at.ms}});
  // Before those who cancelled it hear of it, and open the next one.
  if (!unsaved_)
    send(registry_, stream_ended{record_.id});
  for (auto& promise : std::exchange(cancels_, {}))
    promise.deliver(state());
  publish();
  quit_if_unread();
}

void session::quit_if_unread() {
  if (phase_ != phase::closed || unsaved_ || lingering_ || !readers_.empty())
    return;
  send(registry_, session_leaving{record_.id});
  quit();
}

} // namespace parley::actors
