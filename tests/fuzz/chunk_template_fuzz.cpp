// A stream of chunks, a line each: what is read by a template is what is read
// by parsing.
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "tests/fuzz/require.hpp"
#include "wire/chunk_template.hpp"

namespace parley::fuzz {
namespace {

using namespace parley::wire;

void check_line(chunk_template& known, std::string_view line) {
  const auto parsed = parse_completion_chunk(line);
  std::string text{"before"};
  if (!known.read(line, text)) {
    require(text == "before", "what is not read changes nothing");
    if (parsed)
      known.learn(line, *parsed);
    return;
  }
  require(parsed.has_value(), "what cannot be parsed is not read");
  require(text == "before" + parsed->content, "both read the same text");
  require(parsed->reasoning.empty() && parsed->tool_calls.empty()
            && parsed->finish == finish_reason::none && !parsed->usage,
          "nothing but text is left out");
}

} // namespace
} // namespace parley::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  std::string_view rest{reinterpret_cast<const char*>(data), size};
  parley::wire::chunk_template known;
  while (!rest.empty()) {
    const auto line = rest.substr(0, rest.find('\n'));
    parley::fuzz::check_line(known, line);
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
  }
  return 0;
}
