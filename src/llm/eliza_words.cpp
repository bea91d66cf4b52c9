#include "llm/eliza_words.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "chat/utf8.hpp"

namespace parley::llm {

namespace {

using pair = std::pair<std::string_view, std::string_view>;

constexpr bool is_digit(char c) noexcept {
  return c >= '0' && c <= '9';
}

constexpr bool is_upper(char c) noexcept {
  return c >= 'A' && c <= 'Z';
}

constexpr bool is_blank(char c) noexcept {
  return c == ' ' || c == '\t' || c == '\r' || c == '\v' || c == '\f';
}

// Punctuation that is no part of a word.
constexpr bool is_trimmed(char c) noexcept {
  constexpr std::string_view marks = "\"()[]{}<>*_`~'-/\\|";
  return marks.find(c) != std::string_view::npos;
}

// Each contraction and the two words that it stands for.
constexpr auto contractions = std::to_array<std::array<std::string_view, 3>>({
  {"i'm", "i", "am"},         {"im", "i", "am"},
  {"i've", "i", "have"},      {"ive", "i", "have"},
  {"i'd", "i", "would"},      {"i'll", "i", "will"},
  {"you're", "you", "are"},   {"youre", "you", "are"},
  {"you've", "you", "have"},  {"you'd", "you", "would"},
  {"you'll", "you", "will"},  {"he's", "he", "is"},
  {"she's", "she", "is"},     {"it's", "it", "is"},
  {"that's", "that", "is"},   {"thats", "that", "is"},
  {"what's", "what", "is"},   {"whats", "what", "is"},
  {"who's", "who", "is"},     {"there's", "there", "is"},
  {"we're", "we", "are"},     {"we've", "we", "have"},
  {"they're", "they", "are"}, {"they've", "they", "have"},
  {"let's", "let", "us"},
});

// Spellings that rules need not list.
constexpr auto spellings = std::to_array<pair>({
  {"cannot", "can't"},
  {"cant", "can't"},
  {"dont", "don't"},
  {"doesnt", "doesn't"},
  {"didnt", "didn't"},
  {"wont", "won't"},
  {"isnt", "isn't"},
  {"u", "you"},
  {"ur", "your"},
});

constexpr auto persons = std::to_array<pair>({
  {"i", "you"},
  {"me", "you"},
  {"my", "your"},
  {"mine", "yours"},
  {"myself", "yourself"},
  {"your", "my"},
  {"yours", "mine"},
  {"yourself", "myself"},
  {"am", "are"},
});

// After one of these, "you" is the one who acts: I, not me.
constexpr auto verbs = std::to_array<std::string_view>({
  "are",    "were",   "have",       "had",      "do",      "did",
  "don't",  "didn't", "can",        "can't",    "could",   "couldn't",
  "will",   "won't",  "would",      "wouldn't", "should",  "shouldn't",
  "might",  "may",    "must",       "know",     "think",   "feel",
  "like",   "love",   "hate",       "want",     "need",    "say",
  "said",   "see",    "understand", "remember", "believe", "mean",
  "make",   "made",   "get",        "got",      "never",   "always",
  "really", "also",   "just",
});

template <class Table>
std::optional<std::string_view> find_in(const Table& table,
                                        std::string_view key) {
  for (const auto& [from, to] : table)
    if (from == key)
      return to;
  return std::nullopt;
}

bool is_verb(std::string_view key) {
  return std::find(verbs.begin(), verbs.end(), key) != verbs.end();
}

// Typographic apostrophes and quotation marks become ASCII ones.
std::string with_plain_quotes(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto rest = text.substr(i, 3);
    if (rest == "\u2019" || rest == "\u2018") {
      result += '\'';
      i += 2;
    } else if (rest == "\u201c" || rest == "\u201d") {
      result += '"';
      i += 2;
    } else {
      result += text[i];
    }
  }
  return result;
}

void add_word(clause& into, std::string_view text) {
  while (!text.empty() && is_trimmed(text.front()))
    text.remove_prefix(1);
  while (!text.empty() && is_trimmed(text.back()))
    text.remove_suffix(1);
  if (text.empty())
    return;
  auto key = to_lower(text);
  for (const auto& [whole, first, second] : contractions) {
    if (key == whole) {
      into.push_back({std::string{first}, std::string{first}});
      into.push_back({std::string{second}, std::string{second}});
      return;
    }
  }
  if (auto usual = find_in(spellings, key)) {
    into.push_back({std::string{*usual}, std::string{*usual}});
    return;
  }
  into.push_back({std::string{text}, std::move(key)});
}

// True when the mark at `at` ends a clause.
bool ends_clause(std::string_view text, std::size_t at) {
  switch (text[at]) {
  case '!':
  case '?':
  case ';':
  case '\n':
    return true;
  case '.':
  case ',':
  case ':':
    return at == 0 || at + 1 >= text.size() || !is_digit(text[at - 1])
           || !is_digit(text[at + 1]);
  default:
    return false;
  }
}

std::string say_back(std::span<const word> words, std::size_t at) {
  const auto& key = words[at].key;
  const auto* before = at > 0 ? &words[at - 1].key : nullptr;
  const auto* after = at + 1 < words.size() ? &words[at + 1].key : nullptr;
  if (key == "you") {
    const bool acts = after ? is_verb(*after) : false;
    return acts || (at == 0 && after) ? "I" : "me";
  }
  // The verb goes with the person: you are → I am, I was → you were.
  if ((before && *before == "you") || (after && *after == "you")) {
    if (key == "are")
      return "am";
    if (key == "were")
      return "was";
  }
  if (((before && *before == "i") || (after && *after == "i")) && key == "was")
    return "were";
  if (auto other = find_in(persons, key))
    return std::string{*other};
  const auto& text = words[at].text;
  // A capital at the beginning of a sentence is no name; NASA stays.
  if (at == 0 && is_upper(text.front())
      && (text.size() == 1 || !is_upper(text[1])) && is_verb(key))
    return key;
  return text;
}

} // namespace

std::string to_lower(std::string_view text) {
  std::string result{text};
  for (auto& c : result)
    if (is_upper(c))
      c = static_cast<char>(c - 'A' + 'a');
  return result;
}

std::vector<clause> clauses_of(std::string_view message) {
  if (message.size() > max_eliza_message_bytes)
    message = message.substr(
      0, utf8::boundary_before(message, max_eliza_message_bytes));
  const auto text = with_plain_quotes(message);
  std::vector<clause> result;
  clause current;
  auto flush = [&result, &current] {
    if (!current.empty())
      result.push_back(std::exchange(current, {}));
  };
  std::size_t begin = 0;
  for (std::size_t at = 0; at <= text.size(); ++at) {
    const bool end = at == text.size() || ends_clause(text, at);
    if (!end && !is_blank(text[at]))
      continue;
    add_word(current, std::string_view{text}.substr(begin, at - begin));
    begin = at + 1;
    if (end || current.size() >= max_clause_words)
      flush();
  }
  return result;
}

std::string reflect(std::span<const word> words) {
  std::string result;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0)
      result += ' ';
    result += say_back(words, i);
  }
  return result;
}

std::string verbatim(std::span<const word> words) {
  std::string result;
  for (const auto& one : words) {
    if (!result.empty())
      result += ' ';
    result += one.text;
  }
  return result;
}

} // namespace parley::llm
