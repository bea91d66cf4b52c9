#include "llm/prompt_builder.hpp"

#include "chat/utf8.hpp"

namespace parley::llm {

namespace {

// An earlier system message stands in the conversation's system prompt, and a
// tool's result cannot be sent without the call that it answers.
bool is_told(const message& one) {
  return !one.content.empty()
         && (one.role == role::user || one.role == role::assistant);
}

// The index of the first message of history that is sent.
std::size_t first_taken(std::span<const message> history,
                        std::uint64_t chars_left) {
  auto first = history.size();
  bool cut = false;
  while (first > 0 && !cut) {
    const auto& next = history[first - 1];
    const auto length = is_told(next) ? utf8::length(next.content) : 0;
    cut = length > chars_left;
    if (cut)
      break;
    chars_left -= length;
    --first;
  }
  // An answer without its question would only confuse.
  while (
    cut && first < history.size()
    && (!is_told(history[first]) || history[first].role == role::assistant))
    ++first;
  return first;
}

} // namespace

std::vector<prompt_message> build_messages(std::string_view system_prompt,
                                           std::span<const message> history,
                                           std::string_view user_message,
                                           std::uint64_t max_context_chars) {
  const auto needed = utf8::length(user_message);
  const auto first = first_taken(
    history, max_context_chars > needed ? max_context_chars - needed : 0);
  std::vector<prompt_message> result;
  result.reserve(history.size() - first + 2);
  if (!system_prompt.empty())
    result.push_back({role::system, std::string{system_prompt}});
  for (const auto& one : history.subspan(first))
    if (is_told(one))
      result.push_back({one.role, one.content});
  result.push_back({role::user, std::string{user_message}});
  return result;
}

} // namespace parley::llm
