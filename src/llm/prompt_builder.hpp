// From a conversation to what the model is sent. Pure.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "chat/message.hpp"
#include "llm/provider.hpp"

namespace parley::llm {

// The system prompt (where there is one), then as much of `history` (oldest to
// newest) as fits into `max_context_chars`, then the new user message.
//
// The limit counts the code points of history and new message together; the
// system prompt and the new message are sent whatever their length. History is
// taken from its newest message backwards, whole messages only, up to the first
// that does not fit. It does not begin with an assistant message where the
// limit cut it off. What an answer that failed or was stopped had said is part
// of the history; messages without text are left out.
[[nodiscard]] std::vector<prompt_message>
build_messages(std::string_view system_prompt, std::span<const message> history,
               std::string_view user_message, std::uint64_t max_context_chars);

} // namespace parley::llm
