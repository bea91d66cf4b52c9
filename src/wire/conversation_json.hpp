// Conversations, messages and stream states as clients see them (API §1 to §3).
//
// Encoders print exactly the members of the API's tables, in their order; what
// is not set is null. Parsers refuse unknown members, wrong types and values
// out of range with errc::invalid_request, whose `field` names the member.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "chat/conversation.hpp"
#include "chat/event.hpp"
#include "chat/message.hpp"
#include "chat/result.hpp"
#include "chat/stream_record.hpp"

namespace parley::wire {

// -- requests -----------------------------------------------------------------

// What `POST /api/v1/conversations` asks for; empty: not given.
struct new_conversation {
  std::string title;
  std::string system_prompt;
  std::string model;
  parley::metadata metadata;
};

[[nodiscard]] result<new_conversation>
parse_new_conversation(std::string_view body);

// An absent member changes nothing; null clears.
[[nodiscard]] result<conversation_patch>
parse_conversation_patch(std::string_view body);

// -- answers ------------------------------------------------------------------

struct active_stream {
  stream_id id;
  seq_t last_seq = 0;
};

// A conversation with what is known of the stream that runs in it.
struct conversation_view {
  parley::conversation conversation;
  std::optional<active_stream> active;
};

[[nodiscard]] std::string
encode_conversation(const conversation& what,
                    const std::optional<active_stream>& active);

[[nodiscard]] std::string encode_message(const message& what);

// {"data":[…],"next_cursor":…}; the empty cursor is null.
[[nodiscard]] std::string
encode_conversation_page(std::span<const conversation_view> items,
                         std::string_view next_cursor);
[[nodiscard]] std::string encode_message_page(std::span<const message> items,
                                              std::string_view next_cursor);

// Also the body of the 202 that `POST /api/v1/chat/streams` answers.
[[nodiscard]] std::string encode_stream_state(const stream_state& what);

// The answer of the blocking `POST /api/v1/chat/message`; the stream, the
// finish reason and the usage are those of `answer`.
[[nodiscard]] std::string encode_answer(const message& user_message,
                                        const message& answer);

} // namespace parley::wire
