// The session's second phase: an upstream answers, perhaps after some attempts.
#include "actors/session_impl.hpp"

#include <algorithm>
#include <utility>

#include "actors/llm_worker.hpp"
#include "actors/timer.hpp"
#include "chat/limits.hpp"
#include "chat/utf8.hpp"
#include "llm/prompt_builder.hpp"
#include "llm/retry_policy.hpp"

namespace parley::actors {

using std::chrono::milliseconds;

// -- attempts ----------------------------------------------------------------

void session::try_generate() {
  if (attempt_ > 0 || !conv_ || !history_ || end_)
    return;
  // The history was read beside the accept. An answer that ended between the
  // two stands in it as it was before.
  if (!history_->empty() && !history_read_again_
      && history_->back().status == message_status::generating) {
    history_read_again_ = true;
    history_.reset();
    read_history();
    return;
  }
  model_begun_ = now();
  start_attempt();
}

void session::start_attempt() {
  ++attempt_;
  ++attempt_of_model_;
  tell(progress_stage::connecting);
  if (env_.metrics != nullptr)
    env_.metrics->upstream_attempts->inc();
  llm::prompt what;
  what.model = env_.upstream_model(answering_model_);
  what.messages =
    llm::build_messages(conv_->system_prompt, *history_, request_.message,
                        env_.settings.llm.max_context_chars);
  what.sampling = request_.sampling;
  prompt_points_ = 0;
  for (const auto& part : what.messages)
    prompt_points_ += utf8::length(part.content);
  llm_worker_environment worker{
    env_.provider, env_.loops.at(loop_ % env_.loops.size()), env_.settings};
  worker_ = spawn_llm_worker(home_system(), worker,
                             caf::actor_cast<session_actor>(ctrl()),
                             std::move(what), attempt_);
  attempt_runs_ = true;
  monitor(worker_);
}

void session::stop_worker() {
  retry_timer_.dispose();
  attempt_runs_ = false;
  if (!worker_)
    return;
  demonitor(worker_);
  send_exit(worker_, caf::exit_reason::user_shutdown);
  worker_ = nullptr;
}

void session::on_report(upstream_report& what) {
  if (what.attempt != attempt_ || !attempt_runs_ || end_)
    return;
  if (std::holds_alternative<llm::connected>(what.what)) {
    tell(progress_stage::waiting);
  } else if (auto* some = std::get_if<llm::deltas>(&what.what)) {
    on_deltas(*some, what.read_at);
  } else if (auto* finished = std::get_if<llm::finished>(&what.what)) {
    end(done_event{finished->reason, record_.message, {}, 0}, finished->used);
  } else {
    stop_worker();
    on_upstream_failed(std::get<llm::failed>(what.what));
  }
}

void session::on_upstream_failed(llm::failed& what) {
  if (env_.metrics != nullptr)
    env_.metrics->upstream_failures->inc();
  env_.log.warn("upstream.failed", {{"stream", record_.id.str()},
                                    {"attempt", attempt_},
                                    {"code", to_string(what.why.code)},
                                    {"status", what.http_status}});
  if (end_ || (!has_token_ && try_again(what)))
    return;
  error_event failure;
  failure.code = what.why.code;
  // A 408 is rejected as other 4xx are, and may go well the next time.
  failure.retryable = llm::is_retryable(what.why, what.http_status);
  failure.text = what.why.detail.empty() ? "the upstream failed"
                                         : std::move(what.why.detail);
  end(std::move(failure));
}

// Plans the next attempt, with the same model or the next fallback. False: give
// up.
bool session::try_again(const llm::failed& what) {
  auto elapsed = std::chrono::duration_cast<milliseconds>(now() - model_begun_);
  auto delay =
    llm::retry_delay({attempt_of_model_, what.why, what.http_status, elapsed},
                     env_.settings, env_.random());
  if (!delay) {
    const auto& fallbacks = env_.settings.llm.fallback_models;
    if (fallback_ >= fallbacks.size())
      return false;
    answering_model_ = fallbacks[fallback_++];
    attempt_of_model_ = 0;
    model_begun_ = now();
    delay = milliseconds{0};
  }
  tell(progress_stage::retrying);
  retry_timer_ = run_after(this, *delay, [this] {
    if (!end_)
      start_attempt();
  });
  return true;
}

// -- text --------------------------------------------------------------------

void session::on_deltas(llm::deltas& what, std::int64_t read_at) {
  const auto at = now();
  if (!has_token_)
    on_first_token();
  else if (env_.metrics != nullptr) {
    std::chrono::duration<double> since = at - last_token_;
    env_.metrics->inter_token_time->observe(since.count());
  }
  last_token_ = at;
  std::vector<log_entry> entries;
  entries.reserve(what.items.size());
  auto goes_on = true;
  for (auto& item : what.items) {
    goes_on = take(item, entries);
    if (!goes_on)
      break;
  }
  store(std::move(entries), read_at);
  if (!goes_on)
    end(done_event{finish_reason::length, record_.message, {}, 0});
  else if (log_bytes_ > limits::max_log_bytes)
    end_with_error(errc::upstream_protocol,
                   "the upstream sent more than a stream may hold");
}

void session::on_first_token() {
  has_token_ = true;
  record_.status = stream_status::generating;
  if (env_.metrics != nullptr) {
    std::chrono::duration<double> took = now() - begun_;
    env_.metrics->time_to_first_token->observe(took.count());
  }
}

bool session::take(llm::delta& item, std::vector<log_entry>& out) {
  if (auto* call = std::get_if<tool_call>(&item)) {
    // With the entry itself: fragments may be empty, and any number may come.
    log_bytes_ += sizeof(log_entry) + call->arguments.size() + call->name.size()
                  + call->id.size();
    out.push_back({log_entry::kind_t::tool_call, {}, std::move(*call)});
    return true;
  }
  auto& text = std::get<llm::text_delta>(item);
  auto within_cap = true;
  if (text.kind == text_kind::content) {
    auto left = request_.max_response_chars - content_points_;
    auto points = utf8::length(text.text);
    if (points > left) {
      text.text.resize(utf8::prefix_bytes(text.text, left));
      points = left;
      within_cap = false;
    }
    content_points_ += points;
  }
  log_bytes_ += text.text.size();
  if (text.text.empty())
    return within_cap;
  auto kind = text.kind == text_kind::content ? log_entry::kind_t::content
                                              : log_entry::kind_t::reasoning;
  // Neighbouring text is one entry.
  if (!out.empty() && out.back().kind == kind)
    out.back().text += text.text;
  else
    out.push_back({kind, std::move(text.text), {}});
  return within_cap;
}

// Hands text to the journal and, unless it must be durable first, to readers.
void session::store(std::vector<log_entry> entries, std::int64_t read_at) {
  if (entries.empty())
    return;
  if (phase_ == phase::accepting) {
    std::move(entries.begin(), entries.end(), std::back_inserter(undecided_));
    return;
  }
  log_segment segment{record_.id, next_seq_, std::move(entries)};
  next_seq_ = segment.last_seq() + 1;
  if (strict()) {
    staged_.push_back({segment.entries, next_seq_ - 1, read_at});
  } else {
    for (const auto& entry : segment.entries)
      log_->append(entry);
    publish(read_at);
  }
  send(journal(), append{std::move(segment)});
}

void session::on_appended(seq_t last_seq) {
  std::int64_t read_at = 0;
  auto part = staged_.begin();
  for (; part != staged_.end() && part->last_seq <= last_seq; ++part) {
    for (const auto& entry : part->entries)
      log_->append(entry);
    read_at = part->read_at;
  }
  staged_.erase(staged_.begin(), part);
  if (phase_ != phase::closed)
    publish(read_at);
}

} // namespace parley::actors
