#include "chat/conversation.hpp"

#include <cstddef>

#include "chat/limits.hpp"
#include "chat/utf8.hpp"

namespace parley {

namespace {

bool is_line_end(char c) {
  return c == '\n' || c == '\r';
}

// Control characters would only spoil a list of titles.
bool is_blank(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte <= 0x20 || byte == 0x7F;
}

} // namespace

std::string derive_title(std::string_view message_text) {
  std::size_t at = 0;
  while (at < message_text.size() && is_blank(message_text[at]))
    ++at;
  // Enough bytes to see whether the line goes on behind the limit; the message
  // itself may be long.
  constexpr std::size_t enough = (limits::max_derived_title_chars + 1) * 4;
  std::string folded;
  bool gap = false;
  for (; at < message_text.size() && folded.size() < enough; ++at) {
    const char c = message_text[at];
    if (is_line_end(c))
      break;
    if (is_blank(c)) {
      gap = true;
      continue;
    }
    if (gap)
      folded += ' ';
    gap = false;
    folded += c;
  }
  folded.resize(
    utf8::prefix_bytes(folded, limits::max_derived_title_chars + 1));
  if (utf8::length(folded) <= limits::max_derived_title_chars)
    return folded;
  // The one code point too many may be the blank that ends the last word.
  if (const auto blank = folded.rfind(' '); blank != std::string::npos)
    folded.resize(blank);
  else
    folded.resize(utf8::prefix_bytes(folded, limits::max_derived_title_chars));
  return folded;
}

} // namespace parley
