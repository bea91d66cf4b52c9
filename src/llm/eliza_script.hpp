// Eliza's script: what she listens for and what she says. The text is in
// eliza_script_text.cpp; its lines are
//
//   group <name> = <word>...       synonyms, `@name` in a pattern
//   rule <rank> : <word>...        looked at when a clause has one of the
//   words;
//                                  the highest rank that matches answers
//     match <pattern>              tried in order, the first that fits is taken
//       say <template>             one answer; they take turns
//       keep <template>            what to come back to later, when nothing
//       fits name <n>                   capture n is the user's name
//   fallback                       `say` lines for when nothing fits at all
//
// A pattern is made of words, `@group`, `*` (any words) and `+` (at least one
// word); the last three are captured, numbered from 1. In a template `{1}` is
// what was captured with the persons changed, `{1!}` as it was written,
// `{name}` the user's name and `\n` a line end. A template with `{name}` is
// used once the name is known; where it is the first one, then only such are
// used. `#` at the beginning of a line is a comment.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "chat/result.hpp"

namespace parley::llm {

struct eliza_group {
  std::string name;
  std::vector<std::string> words;
};

struct eliza_token {
  enum class kind_t { literal, group, any, some };
  kind_t kind = kind_t::literal;
  std::string text;      // literal
  std::size_t group = 0; // index in eliza_script::groups
};

struct eliza_decomposition {
  std::size_t id = 0; // unique in the script: whose turn it is is kept under it
  std::vector<eliza_token> pattern;
  std::vector<std::string> say;
  std::vector<std::string> keep;
  std::size_t name_capture = 0; // 0: none
};

struct eliza_rule {
  int rank = 0;
  std::vector<std::string> triggers;
  std::vector<eliza_decomposition> decompositions;
};

struct eliza_script {
  std::vector<eliza_group> groups;
  std::vector<eliza_rule> rules;
  std::vector<std::string> fallback;
  std::size_t decompositions = 0;
};

// The built-in script.
[[nodiscard]] std::string_view eliza_script_text() noexcept;

// Fails with errc::internal, naming the line.
[[nodiscard]] result<eliza_script> parse_eliza_script(std::string_view text);

} // namespace parley::llm
