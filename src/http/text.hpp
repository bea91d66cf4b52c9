// Small functions over the text of headers (RFC 9110 §5.6). Pure.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

namespace parley::http {

[[nodiscard]] constexpr char to_lower(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

[[nodiscard]] inline bool equal_ignoring_case(std::string_view a,
                                              std::string_view b) noexcept {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return to_lower(x) == to_lower(y); });
}

[[nodiscard]] inline std::string lower_case(std::string_view text) {
  std::string result{text};
  std::transform(result.begin(), result.end(), result.begin(), to_lower);
  return result;
}

// Without blanks and tabs at both ends.
[[nodiscard]] inline std::string_view trim(std::string_view text) noexcept {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos)
    return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

// Calls `visit` with each element of a list, trimmed, empty ones left out.
template <class Visitor>
void for_each_element(std::string_view list, char separator, Visitor visit) {
  while (!list.empty()) {
    const auto end = std::min(list.find(separator), list.size());
    if (const auto element = trim(list.substr(0, end)); !element.empty())
      visit(element);
    list.remove_prefix(std::min(end + 1, list.size()));
  }
}

// Printable ASCII without the blank.
[[nodiscard]] inline bool is_visible_ascii(std::string_view text) noexcept {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return c > ' ' && c < '\x7f'; });
}

// RFC 9110 §5.6.2: what names of methods and headers are made of.
[[nodiscard]] constexpr bool is_token_char(char c) noexcept {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z')
         || (c >= 'A' && c <= 'Z')
         || std::string_view{"!#$%&'*+-.^_`|~"}.find(c)
              != std::string_view::npos;
}

} // namespace parley::http
