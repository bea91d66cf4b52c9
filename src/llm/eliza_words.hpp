// How Eliza reads: a message as clauses of words, and words said back with the
// persons changed. Pure functions; English only, other bytes pass unharmed.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace parley::llm {

// One word. `key` is what rules compare: ASCII lower case, contractions
// expanded (`I'm` is two words, `i` `am`). `text` is what is said back.
struct word {
  std::string text;
  std::string key;
};

using clause = std::vector<word>;

// What one message may cost at most, however long it is: the rest is not read.
inline constexpr std::size_t max_eliza_message_bytes = 8 * 1024;
inline constexpr std::size_t max_clause_words = 48;

// Splits at `. ! ? ; : ,` and line ends, but not inside numbers (10,000, 3.5).
// Clauses longer than max_clause_words are cut there and go on as another one.
[[nodiscard]] std::vector<clause> clauses_of(std::string_view message);

// `my sister loves you` → `your sister loves me`. The first word loses its
// capital unless it looks like a name.
[[nodiscard]] std::string reflect(std::span<const word> words);

// The words as they were written, joined by blanks.
[[nodiscard]] std::string verbatim(std::span<const word> words);

// ASCII only.
[[nodiscard]] std::string to_lower(std::string_view text);

} // namespace parley::llm
