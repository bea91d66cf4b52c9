#include "llm/completion_call.hpp"

#include <utility>

#include "llm/upstream_failure.hpp"

namespace parley::llm {

namespace {

bool is_json(std::string_view media_type) {
  return media_type == "application/json" || media_type.ends_with("+json");
}

} // namespace

completion_call::completion_call(std::shared_ptr<connection_pool> pool,
                                 std::string request, std::string secret,
                                 report_function on_report)
  : upstream_call(std::move(pool), std::move(request)),
    on_report_(std::move(on_report)),
    secret_(std::move(secret)),
    events_(max_event_bytes),
    on_event_([this](const wire::sse_event& event) { take_event(event); }) {
}

void completion_call::on_sent() {
  if (!cancelled())
    on_report_(connected{});
}

// -- the response ------------------------------------------------------------

void completion_call::on_head(const response_head& head) {
  head_ = head;
  if (head.status < 200 || head.status > 299) {
    kind_ = body_kind::refusal;
    set_deadline(error_body_time);
  } else if (is_json(head.media_type)) {
    kind_ = body_kind::whole;
  } else if (head.media_type == "text/html") {
    failure_ = error{errc::upstream_protocol,
                     "The upstream answered with a web page; llm.base-url "
                     "does not lead to an OpenAI-compatible API.",
                     {},
                     {},
                     std::nullopt};
  }
}

void completion_call::on_body(std::string_view bytes) {
  any_bytes_ = true;
  switch (kind_) {
  case body_kind::whole:
    collect(bytes, max_whole_bytes);
    return;
  case body_kind::refusal:
    body_ += bytes.substr(0, max_error_bytes - body_.size());
    return;
  case body_kind::events:
    if (over())
      return;
    if (auto fed = events_.feed(bytes, on_event_); !fed && !over())
      failure_ = std::move(fed.error());
  }
}

void completion_call::collect(std::string_view bytes, std::size_t most) {
  if (failure_)
    return;
  if (bytes.size() > most - body_.size()) {
    failure_ = error{errc::upstream_protocol,
                     "The upstream's answer is longer than any answer may be.",
                     {},
                     {},
                     std::nullopt};
    body_ = {};
    return;
  }
  body_ += bytes;
}

void completion_call::take_event(const wire::sse_event& event) {
  if (over())
    return;
  any_event_ = true;
  if (event.event != "error" && template_.read(event.data, text_)) {
    add_text(text_kind::content, text_);
    text_.clear();
    return;
  }
  if (wire::is_done_marker(event.data)) {
    done_ = true;
    return;
  }
  if (event.data.empty())
    return; // a heartbeat of some servers
  auto chunk = wire::parse_completion_chunk(event.data);
  if (chunk)
    template_.learn(event.data, *chunk);
  take_chunk(std::move(chunk));
  if (event.event == "error" && !failure_) {
    const auto said = wire::upstream_error_text(event.data);
    failure_ = error{errc::upstream_failed,
                     said.empty() ? "The upstream's stream ended in an error."
                                  : "The upstream failed: " + said,
                     {},
                     {},
                     std::nullopt};
  }
}

void completion_call::take_chunk(result<wire::completion_chunk> chunk) {
  if (!chunk) {
    failure_ = std::move(chunk.error());
    return;
  }
  add_text(text_kind::reasoning, chunk->reasoning);
  add_text(text_kind::content, chunk->content);
  for (auto& call : chunk->tool_calls)
    pending_.items.emplace_back(std::move(call));
  if (chunk->finish != finish_reason::none)
    finish_ = chunk->finish;
  if (chunk->usage)
    used_ = chunk->usage;
}

void completion_call::add_text(text_kind kind, std::string_view text) {
  if (text.empty())
    return;
  auto* last = pending_.items.empty()
                 ? nullptr
                 : std::get_if<text_delta>(&pending_.items.back());
  if (last && last->kind == kind)
    last->text += text;
  else
    pending_.items.emplace_back(text_delta{kind, std::string{text}});
}

void completion_call::on_read_end() {
  report_deltas();
  if (cancelled())
    return; // by the report
  if (failure_) {
    end();
    report_last(failed{std::move(*failure_), head_.status});
  } else if (done_) {
    drain();
    report_end();
  } else if (kind_ == body_kind::refusal && body_.size() >= max_error_bytes) {
    end();
    report_last(failure_of(head_, body_, std::chrono::system_clock::now()));
  } else if (finish_ != finish_reason::none && !has_deadline()) {
    set_deadline(ending_time);
  }
}

// -- the end -----------------------------------------------------------------

void completion_call::on_complete() {
  switch (kind_) {
  case body_kind::refusal:
    report_last(failure_of(head_, body_, std::chrono::system_clock::now()));
    return;
  case body_kind::whole:
    if (!failure_)
      take_chunk(wire::parse_completion_body(body_));
    done_ = true;
    break;
  case body_kind::events:
    break;
  }
  settle_events(true);
}

void completion_call::on_cut(bool before_head) {
  if (before_head)
    report_failure(errc::upstream_interrupted,
                   "The upstream closed the connection before it answered.");
  else if (kind_ == body_kind::refusal)
    report_last(failure_of(head_, body_, std::chrono::system_clock::now()));
  else if (kind_ == body_kind::whole)
    report_failure(errc::upstream_interrupted,
                   "The upstream's answer was cut off.");
  else
    settle_events(false);
}

void completion_call::on_failed(error why) {
  report_deltas();
  report_last(failed{std::move(why), head_.status});
}

void completion_call::on_deadline() {
  if (kind_ == body_kind::refusal) {
    end();
    report_last(failure_of(head_, body_, std::chrono::system_clock::now()));
  } else if (finish_ != finish_reason::none) {
    end();
    report_end();
  }
}

// The body has ended. `whole`: as it was announced, not by a cut.
void completion_call::settle_events(bool whole) {
  if (!over())
    events_.finish(on_event_);
  report_deltas();
  if (failure_)
    report_last(failed{std::move(*failure_), head_.status});
  else if (done_ || finish_ != finish_reason::none)
    report_end();
  else if (whole && any_bytes_ && !any_event_)
    report_failure(errc::upstream_protocol,
                   "The upstream's answer is no event stream.");
  else
    report_failure(errc::upstream_interrupted,
                   "The upstream's answer ended before it was finished.");
}

// -- reports -----------------------------------------------------------------

void completion_call::report_deltas() {
  if (!pending_.items.empty() && !cancelled())
    on_report_(std::exchange(pending_, {}));
}

void completion_call::report_end() {
  const auto reason =
    finish_ == finish_reason::none ? finish_reason::stop : finish_;
  report_last(finished{reason, used_});
}

void completion_call::report_failure(errc code, std::string_view what) {
  report_last(
    failed{error{code, std::string{what}, {}, {}, std::nullopt}, head_.status});
}

void completion_call::report_last(report what) {
  if (cancelled())
    return;
  // It is told nothing more, so what it holds is let go.
  auto tell = std::exchange(on_report_, nullptr);
  if (auto* failure = std::get_if<failed>(&what))
    mask_secret(failure->why.detail, secret_);
  tell(std::move(what));
}

} // namespace parley::llm
