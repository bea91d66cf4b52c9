// A request target (RFC 9112 §3.2) taken apart. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace parley::http {

struct target {
  std::string raw_path; // still percent-encoded; what the router matches
  std::string path;     // decoded
  std::vector<std::pair<std::string, std::string>> query; // decoded, in order
  bool asterisk = false; // `*`, which only OPTIONS may ask for
};

// Takes the origin form (`/a?b=c`), the absolute form (`http://host/a`) and
// `*`. Nothing for everything else: another form, a bad percent sequence, a
// NUL byte, text that is not UTF-8, a fragment.
[[nodiscard]] std::optional<target> parse_target(std::string_view text);

// `%41` → `A`. Nothing when a `%` is not followed by two hexadecimal digits.
[[nodiscard]] std::optional<std::string> percent_decode(std::string_view text);

} // namespace parley::http
