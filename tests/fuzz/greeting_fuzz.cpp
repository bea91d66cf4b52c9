// What another node says first: nothing breaks a node, and what is understood
// is said again in the same words.
#include <cstdint>
#include <string_view>

#include "actors/node_info.hpp"
#include "tests/fuzz/require.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  using namespace parley::actors;
  using parley::fuzz::require;
  const std::string_view text{reinterpret_cast<const char*>(data), size};
  if (const auto who = parse_greeting(text)) {
    const auto again = parse_greeting(encode_greeting(*who));
    require(again && *again == *who, "a greeting survives being repeated");
    require(who->tag.value <= parley::node_tag::max, "a tag is a tag");
  }
  const auto reply = parse_reply(text);
  require(reply.kind == greeting_reply::ok || !reply.sentence.empty(),
          "a refusal has a sentence");
  const auto members = parse_members(text);
  require(parse_members(encode_members(members)) == members,
          "members survive being kept");
  return 0;
}
