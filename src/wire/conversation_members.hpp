// The members of conversations, messages and usage, as answers, exports and
// imports share them. Private to wire/.
#pragma once

#include "chat/conversation.hpp"
#include "chat/message.hpp"
#include "wire/json_writer.hpp"

namespace parley::wire {

// From "id" to "message_count"; what surrounds them is the caller's.
void write_conversation_members(json_writer& to, const conversation& what);

void write_message(json_writer& to, const message& what);

void write_usage(json_writer& to, const usage& what);

} // namespace parley::wire
