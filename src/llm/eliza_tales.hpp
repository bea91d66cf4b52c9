// What Eliza tells at length when she is asked for it: answers that are long
// enough to watch a stream, to stop it and to come back to it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace parley::llm {

// "count to 20", "count from 5 to 1"
struct counting {
  int from = 1;
  int to = 1;
};

// "tell me a story", "tell me a long story about the sea"
struct story {
  bool is_long = false;
  std::string topic; // empty: none was named
};

// "repeat after me: ..."
struct repeating {
  std::string text;
};

using tale = std::variant<counting, story, repeating>;

inline constexpr int max_count = 10'000;

// None: the message asks for none of them.
[[nodiscard]] std::optional<tale> tale_asked_for(std::string_view message);

// The same tale and seed give the same text. A story has several paragraphs and
// some hundreds of words, a long one some thousands.
[[nodiscard]] std::string tell(const tale& what, std::uint64_t seed);

} // namespace parley::llm
