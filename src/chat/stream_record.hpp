// What is known of a stream besides its text, while it runs and afterwards.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "chat/event.hpp"
#include "chat/id.hpp"
#include "chat/inspect_enum.hpp"
#include "chat/message.hpp"
#include "chat/stream_log.hpp"
#include "chat/timestamp.hpp"

namespace parley {

enum class stream_status : std::uint8_t {
  queued, // accepted; the upstream has not answered yet
  generating,
  complete,
  truncated,
  cancelled,
  failed,
  interrupted,
  last = interrupted,
};

[[nodiscard]] std::string_view to_string(stream_status x) noexcept;
[[nodiscard]] bool is_terminal(stream_status x) noexcept;
// The status of the message whose stream ended so. Precondition: terminal.
[[nodiscard]] message_status message_status_of(stream_status x) noexcept;

template <class Inspector>
bool inspect(Inspector& f, stream_status& x) {
  return detail::inspect_enum(f, x, stream_status::last);
}

// A stream as the store keeps it. Made `generating` at the accept; the finish
// sets everything from `status` on. While it is open its text stands in log
// segments beside it.
struct stream_record {
  stream_id id;
  conversation_id conversation;
  message_id user_message;
  message_id message; // the assistant's
  std::string model;
  // Who asked, and under which Idempotency-Key; empty where none was given.
  std::string caller;
  std::string idempotency_key;
  timestamp started_at;

  stream_status status = stream_status::generating;
  timestamp finished_at;
  seq_t last_seq = start_event::seq; // once terminal: the terminal frame's
  finish_reason finish = finish_reason::none;
  std::optional<error_event> error; // set when it ended with an error frame
  parley::usage usage;
  std::vector<layout_run> layout;

  friend bool operator==(const stream_record&, const stream_record&) = default;
};

template <class Inspector>
bool inspect(Inspector& f, stream_record& x) {
  return f.object(x).fields(
    f.field("id", x.id), f.field("conversation", x.conversation),
    f.field("user_message", x.user_message), f.field("message", x.message),
    f.field("model", x.model), f.field("caller", x.caller),
    f.field("idempotency_key", x.idempotency_key),
    f.field("started_at", x.started_at), f.field("status", x.status),
    f.field("finished_at", x.finished_at), f.field("last_seq", x.last_seq),
    f.field("finish", x.finish), f.field("error", x.error),
    f.field("usage", x.usage), f.field("layout", x.layout));
}

// API §2: what `GET /api/v1/chat/streams/{id}` shows.
struct stream_state {
  stream_id id;
  conversation_id conversation;
  message_id message;
  stream_status status = stream_status::queued;
  seq_t last_seq = 0;
  timestamp started_at;
  timestamp finished_at; // unset while it runs
  finish_reason finish = finish_reason::none;
  std::uint64_t subscribers = 0;
};

template <class Inspector>
bool inspect(Inspector& f, stream_state& x) {
  return f.object(x).fields(
    f.field("id", x.id), f.field("conversation", x.conversation),
    f.field("message", x.message), f.field("status", x.status),
    f.field("last_seq", x.last_seq), f.field("started_at", x.started_at),
    f.field("finished_at", x.finished_at), f.field("finish", x.finish),
    f.field("subscribers", x.subscribers));
}

[[nodiscard]] stream_state state_of(const stream_record& record);
[[nodiscard]] start_event start_of(const stream_record& record);
// Precondition: `record.status` is terminal.
[[nodiscard]] terminal_event terminal_of(const stream_record& record);

} // namespace parley
