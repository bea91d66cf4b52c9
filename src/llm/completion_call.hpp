// One generation at an OpenAI-compatible upstream: its response turned into
// reports (provider.hpp). Belongs to its loop's thread.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "llm/provider.hpp"
#include "llm/upstream_call.hpp"
#include "wire/chunk_template.hpp"
#include "wire/openai_client.hpp"
#include "wire/sse_parser.hpp"

namespace parley::llm {

class completion_call final : public upstream_call {
public:
  // All data of one event. A token of an answer is a few bytes; whole pictures
  // and documents in one event are not.
  static constexpr std::size_t max_event_bytes = 4 * 1024 * 1024;
  // An answer of an upstream that does not stream.
  static constexpr std::size_t max_whole_bytes = 64 * 1024 * 1024;
  // As much of a refusal's body as can say something.
  static constexpr std::size_t max_error_bytes = 64 * 1024;
  // A refusal is told at the latest so long after its head.
  static constexpr std::chrono::milliseconds error_body_time{1000};
  // After the finish reason only the usage and the end marker are to come. An
  // upstream that forgets them has answered nevertheless.
  static constexpr std::chrono::milliseconds ending_time{2000};

  // `secret`: what must not appear in any error's text, or empty.
  completion_call(std::shared_ptr<connection_pool> pool, std::string request,
                  std::string secret, report_function on_report);

private:
  // What the body is read as; the head decides.
  enum class body_kind { events, whole, refusal };

  void on_sent() override;
  void on_head(const response_head& head) override;
  void on_body(std::string_view bytes) override;
  void on_read_end() override;
  void on_complete() override;
  void on_cut(bool before_head) override;
  void on_failed(error why) override;
  void on_deadline() override;

  void take_event(const wire::sse_event& event);
  void take_chunk(result<wire::completion_chunk> chunk);
  void add_text(text_kind kind, std::string_view text);
  void collect(std::string_view bytes, std::size_t most);
  void settle_events(bool whole);

  // True when the events say that nothing more is to come.
  [[nodiscard]] bool over() const noexcept {
    return done_ || failure_.has_value();
  }

  void report_deltas();
  void report_end();
  void report_failure(errc code, std::string_view what);
  void report_last(report what);

  report_function on_report_;
  std::string secret_;
  response_head head_;
  body_kind kind_ = body_kind::events;
  wire::sse_parser events_;
  wire::chunk_template template_;
  std::string text_; // of one event, kept for its memory
  wire::sse_parser::event_function on_event_;
  std::string body_; // whole answers and refusals
  bool any_event_ = false;
  bool any_bytes_ = false;

  deltas pending_; // of the present read
  finish_reason finish_ = finish_reason::none;
  std::optional<usage> used_;
  std::optional<error> failure_; // of the event stream
  bool done_ = false;            // the end marker has come
};

} // namespace parley::llm
