// A message of a conversation, and what is known of how it came to be.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "chat/id.hpp"
#include "chat/inspect_enum.hpp"
#include "chat/timestamp.hpp"

namespace parley {

enum class role : std::uint8_t { system, user, assistant, tool, last = tool };

enum class message_status : std::uint8_t {
  complete,
  generating, // an assistant message whose stream is not yet terminal
  truncated,
  cancelled,
  failed,
  interrupted,
  last = interrupted,
};

enum class finish_reason : std::uint8_t {
  none, // not finished, or ended by an error
  stop,
  length,
  cancelled,
  tool_calls,
  content_filter,
  last = content_filter,
};

[[nodiscard]] std::string_view to_string(role x) noexcept;
[[nodiscard]] std::string_view to_string(message_status x) noexcept;
[[nodiscard]] std::string_view to_string(finish_reason x) noexcept;
[[nodiscard]] std::optional<role> role_from(std::string_view text) noexcept;
[[nodiscard]] std::optional<message_status>
message_status_from(std::string_view text) noexcept;
[[nodiscard]] std::optional<finish_reason>
finish_reason_from(std::string_view text) noexcept;

template <class Inspector>
bool inspect(Inspector& f, role& x) {
  return detail::inspect_enum(f, x, role::last);
}
template <class Inspector>
bool inspect(Inspector& f, message_status& x) {
  return detail::inspect_enum(f, x, message_status::last);
}
template <class Inspector>
bool inspect(Inspector& f, finish_reason& x) {
  return detail::inspect_enum(f, x, finish_reason::last);
}

// Tokens of one generation. `estimated` is ours (about four characters a
// token) where the upstream told nothing.
struct usage {
  std::uint64_t prompt_tokens = 0;
  std::uint64_t completion_tokens = 0;
  bool estimated = true;

  [[nodiscard]] std::uint64_t total_tokens() const noexcept {
    return prompt_tokens + completion_tokens;
  }

  friend bool operator==(const usage&, const usage&) = default;
};

template <class Inspector>
bool inspect(Inspector& f, usage& x) {
  return f.object(x).fields(f.field("prompt_tokens", x.prompt_tokens),
                            f.field("completion_tokens", x.completion_tokens),
                            f.field("estimated", x.estimated));
}

// A whole tool call of an assistant message, or one fragment of it on its way:
// `id` and `name` come with the first fragment, `arguments` grow.
struct tool_call {
  std::uint32_t index = 0;
  std::string id;
  std::string name;
  std::string arguments; // JSON text, or a piece of it

  friend bool operator==(const tool_call&, const tool_call&) = default;
};

template <class Inspector>
bool inspect(Inspector& f, tool_call& x) {
  return f.object(x).fields(f.field("index", x.index), f.field("id", x.id),
                            f.field("name", x.name),
                            f.field("arguments", x.arguments));
}

using metadata = std::map<std::string, std::string>;

struct message {
  message_id id;
  conversation_id conversation;
  // The message that this one answers or follows; empty for the first. History
  // is linear today; branches come without a migration.
  message_id parent;
  parley::role role = role::user;
  std::string content;   // valid UTF-8
  std::string reasoning; // valid UTF-8; assistant messages only
  std::vector<tool_call> tool_calls;
  message_status status = message_status::complete;
  timestamp created_at;
  stream_id stream;  // the stream that it began or that made it, or empty
  std::string model; // assistant messages
  parley::finish_reason finish = finish_reason::none;
  std::optional<parley::usage> usage;
  parley::metadata metadata;

  friend bool operator==(const message&, const message&) = default;
};

template <class Inspector>
bool inspect(Inspector& f, message& x) {
  return f.object(x).fields(
    f.field("id", x.id), f.field("conversation", x.conversation),
    f.field("parent", x.parent), f.field("role", x.role),
    f.field("content", x.content), f.field("reasoning", x.reasoning),
    f.field("tool_calls", x.tool_calls), f.field("status", x.status),
    f.field("created_at", x.created_at), f.field("stream", x.stream),
    f.field("model", x.model), f.field("finish", x.finish),
    f.field("usage", x.usage), f.field("metadata", x.metadata));
}

} // namespace parley
