// A conversation as stored; its messages and streams are stored beside it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "chat/id.hpp"
#include "chat/message.hpp"
#include "chat/timestamp.hpp"

namespace parley {

struct conversation {
  conversation_id id;
  std::string title; // empty until the first message gives one
  std::string system_prompt;
  std::string model; // empty: the configured default, at the time of a request
  parley::metadata metadata;
  timestamp created_at;
  timestamp updated_at; // the newest activity; lists are ordered by it
  std::uint64_t message_count = 0;
  message_id last_message; // the parent of the next message, or empty
  stream_id active_stream; // the one that is being answered, or empty

  friend bool operator==(const conversation&, const conversation&) = default;
};

template <class Inspector>
bool inspect(Inspector& f, conversation& x) {
  return f.object(x).fields(
    f.field("id", x.id), f.field("title", x.title),
    f.field("system_prompt", x.system_prompt), f.field("model", x.model),
    f.field("metadata", x.metadata), f.field("created_at", x.created_at),
    f.field("updated_at", x.updated_at),
    f.field("message_count", x.message_count),
    f.field("last_message", x.last_message),
    f.field("active_stream", x.active_stream));
}

// What PATCH changes: an absent field stays as it is; for `system_prompt`,
// `title` and `model` null and "" in the request clear.
struct conversation_patch {
  std::optional<std::string> title;
  std::optional<std::string> system_prompt;
  std::optional<std::string> model;
  std::optional<parley::metadata> metadata;
};

template <class Inspector>
bool inspect(Inspector& f, conversation_patch& x) {
  return f.object(x).fields(
    f.field("title", x.title), f.field("system_prompt", x.system_prompt),
    f.field("model", x.model), f.field("metadata", x.metadata));
}

// A title from a first message: its first line with text, white space
// folded, at most limits::max_derived_title_chars code points, cut at a word
// where there is one.
[[nodiscard]] std::string derive_title(std::string_view message_text);

} // namespace parley
