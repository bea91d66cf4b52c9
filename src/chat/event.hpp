// What a reader of a stream is told (API §1). Encoding is wire/'s business.
//
// A log entry is one of `text`, `tool_call_delta`, `reset`; `start` comes
// before them all and is made from the stream's record; `finished` or `failed`
// ends the stream. `progress` is transient: it has no seq and is in no log.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "chat/errc.hpp"
#include "chat/id.hpp"
#include "chat/inspect_enum.hpp"
#include "chat/message.hpp"

namespace parley {

// Position in a stream: 1 is the start frame, 0 is before it.
using seq_t = std::uint64_t;

struct start_event {
  static constexpr seq_t seq = 1;
  stream_id stream;
  conversation_id conversation;
  message_id user_message;
  message_id message;
  std::string model;

  friend bool operator==(const start_event&, const start_event&) = default;
};

enum class text_kind : std::uint8_t { content, reasoning, last = reasoning };

struct text_event {
  text_kind kind = text_kind::content;
  std::string chunk; // valid UTF-8, not empty
  seq_t seq = 0;     // of the chunk's last code point

  friend bool operator==(const text_event&, const text_event&) = default;
};

struct tool_call_event {
  tool_call delta;
  seq_t seq = 0;

  friend bool operator==(const tool_call_event&,
                         const tool_call_event&) = default;
};

// Forget all text so far.
struct reset_event {
  std::string reason;
  seq_t seq = 0;

  friend bool operator==(const reset_event&, const reset_event&) = default;
};

struct error_event {
  errc code = errc::internal;
  std::string text; // a sentence
  bool retryable = false;
  seq_t seq = 0;

  friend bool operator==(const error_event&, const error_event&) = default;
};

struct done_event {
  finish_reason reason = finish_reason::stop;
  message_id message;
  parley::usage usage;
  seq_t seq = 0;

  friend bool operator==(const done_event&, const done_event&) = default;
};

enum class progress_stage : std::uint8_t {
  queued,
  connecting,
  waiting,
  retrying,
  recovering,
  last = recovering,
};

struct progress_event {
  progress_stage stage = progress_stage::queued;
  std::uint32_t attempt = 1;

  friend bool operator==(const progress_event&,
                         const progress_event&) = default;
};

using event =
  std::variant<start_event, text_event, tool_call_event, reset_event,
               error_event, done_event, progress_event>;

[[nodiscard]] std::string_view to_string(text_kind x) noexcept;
[[nodiscard]] std::string_view to_string(progress_stage x) noexcept;

// 0 for progress.
[[nodiscard]] seq_t seq_of(const event& x) noexcept;

// True for `error_event` and `done_event`.
[[nodiscard]] bool is_terminal(const event& x) noexcept;

// -- inspection, for CAF's messages ------------------------------------------

template <class Inspector>
bool inspect(Inspector& f, text_kind& x) {
  return detail::inspect_enum(f, x, text_kind::last);
}
template <class Inspector>
bool inspect(Inspector& f, progress_stage& x) {
  return detail::inspect_enum(f, x, progress_stage::last);
}
template <class Inspector>
bool inspect(Inspector& f, start_event& x) {
  return f.object(x).fields(
    f.field("stream", x.stream), f.field("conversation", x.conversation),
    f.field("user_message", x.user_message), f.field("message", x.message),
    f.field("model", x.model));
}
template <class Inspector>
bool inspect(Inspector& f, text_event& x) {
  return f.object(x).fields(f.field("kind", x.kind), f.field("chunk", x.chunk),
                            f.field("seq", x.seq));
}
template <class Inspector>
bool inspect(Inspector& f, tool_call_event& x) {
  return f.object(x).fields(f.field("delta", x.delta), f.field("seq", x.seq));
}
template <class Inspector>
bool inspect(Inspector& f, reset_event& x) {
  return f.object(x).fields(f.field("reason", x.reason), f.field("seq", x.seq));
}
template <class Inspector>
bool inspect(Inspector& f, error_event& x) {
  return f.object(x).fields(f.field("code", x.code), f.field("text", x.text),
                            f.field("retryable", x.retryable),
                            f.field("seq", x.seq));
}
template <class Inspector>
bool inspect(Inspector& f, done_event& x) {
  return f.object(x).fields(f.field("reason", x.reason),
                            f.field("message", x.message),
                            f.field("usage", x.usage), f.field("seq", x.seq));
}
template <class Inspector>
bool inspect(Inspector& f, progress_event& x) {
  return f.object(x).fields(f.field("stage", x.stage),
                            f.field("attempt", x.attempt));
}

} // namespace parley
