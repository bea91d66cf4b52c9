// Foreign text inside our own lines, so that it cannot pretend to be ours: in
// logs, error messages, comments and TOML. Pure functions.
#pragma once

#include <cstddef>
#include <limits>
#include <string>
#include <string_view>

namespace parley::config {

inline constexpr std::size_t all_bytes =
  std::numeric_limits<std::size_t>::max();

// Appends `text` as it stands between the quotes of a JSON or TOML string.
// Quotes, backslashes and everything that could end a line or change its look
// are escaped (control characters, line and paragraph separators, bidirectional
// overrides). Invalid UTF-8 is replaced by U+FFFD. What is beyond `max_bytes`
// is left out, at a character's boundary, and an ellipsis put in its place.
void append_escaped(std::string& out, std::string_view text,
                    std::size_t max_bytes = all_bytes);

// True where `append_escaped` would change nothing.
[[nodiscard]] bool is_plain(std::string_view text) noexcept;

// For error messages: in quotes, at most 80 bytes of it.
[[nodiscard]] std::string in_quotes(std::string_view text);

// A TOML basic string, whole.
[[nodiscard]] std::string toml_string(std::string_view text);

} // namespace parley::config
