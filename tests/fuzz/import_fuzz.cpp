// What is imported can be exported, and comes back the same.
#include <cstdint>
#include <string>
#include <string_view>

#include "chat/utf8.hpp"
#include "tests/fuzz/require.hpp"
#include "wire/conversation_export.hpp"

namespace parley::fuzz {
namespace {

using namespace parley::wire;

void check_import(std::string_view body) {
  const auto made = parse_import(body);
  if (!made) {
    const auto& why = made.error();
    require(!why.detail.empty() && utf8::is_valid(why.detail)
              && utf8::is_valid(why.field),
            "a refusal says why");
    return;
  }
  const auto text = encode_export(*made);
  const auto again = parse_import(text);
  require(again.has_value(), "an export can be imported");
  require(*again == *made, "nothing is lost on the way");
  require(encode_export(*again) == text, "an export is always the same");
}

// Headings come from us alone: one for the title, one for the system prompt,
// one for each message.
void check_markdown(std::string_view body) {
  const auto made = parse_import(body);
  if (!made)
    return;
  const auto text = encode_markdown(*made);
  std::size_t headings = 0;
  for (std::size_t at = 0; at < text.size();) {
    headings += text[at] == '#' ? 1 : 0;
    require(text.substr(at, 3) != "```", "no fence outside a quote");
    const auto end = text.find_first_of("\r\n", at);
    at = end == std::string::npos ? text.size() : end + 1;
  }
  const auto expected = 1 + (made->conversation.system_prompt.empty() ? 0u : 1u)
                        + made->messages.size();
  require(headings == expected, "contents make no headings");
}

} // namespace
} // namespace parley::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  const std::string_view body{reinterpret_cast<const char*>(data), size};
  parley::fuzz::check_import(body);
  parley::fuzz::check_markdown(body);
  return 0;
}
