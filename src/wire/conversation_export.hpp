// A whole conversation as a file (API §3), and back again unchanged.
//
//   {"format":"parley.conversation","version":1,
//    "conversation":{…,"last_message_id":…},"messages":[…]}
//
// The members of conversation and messages are those of conversation_json.hpp;
// `active_stream` is left out and `last_message_id` comes in.
#pragma once

#include <string>
#include <string_view>

#include "chat/exported_conversation.hpp"
#include "chat/result.hpp"

namespace parley::wire {

[[nodiscard]] std::string encode_export(const exported_conversation& what);

// Reads what `encode_export` prints. What does not fit together is refused with
// errc::invalid_request: an id twice, a message of another conversation, a
// parent that is not there or leads back to its child. A message that was
// `generating` when it was exported comes back `interrupted`, because nobody
// will finish it. `message_count` is counted anew.
[[nodiscard]] result<exported_conversation> parse_import(std::string_view body);

// CommonMark for people; not read back. Each message is a block quote under a
// heading of its own, so that nothing in a message can end the block it is in.
[[nodiscard]] std::string encode_markdown(const exported_conversation& what);

} // namespace parley::wire
