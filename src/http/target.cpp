#include "http/target.hpp"

#include <algorithm>

#include "chat/utf8.hpp"

namespace parley::http {

namespace {

int hex_value(char c) {
  if (c >= '0' && c <= '9')
    return c - '0';
  if (c >= 'a' && c <= 'f')
    return c - 'a' + 10;
  if (c >= 'A' && c <= 'F')
    return c - 'A' + 10;
  return -1;
}

bool is_text(std::string_view decoded) {
  return decoded.find('\0') == std::string_view::npos
         && utf8::is_valid(decoded);
}

// Forms write a blank as `+`.
std::optional<std::string> decode_query_part(std::string_view text) {
  std::string plain{text};
  std::replace(plain.begin(), plain.end(), '+', ' ');
  auto decoded = percent_decode(plain);
  if (!decoded || !is_text(*decoded))
    return std::nullopt;
  return decoded;
}

bool parse_query(std::string_view text, target& into) {
  while (!text.empty()) {
    const auto end = std::min(text.find('&'), text.size());
    const auto pair = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (pair.empty())
      continue;
    const auto equals = std::min(pair.find('='), pair.size());
    auto name = decode_query_part(pair.substr(0, equals));
    auto value =
      decode_query_part(pair.substr(std::min(equals + 1, pair.size())));
    if (!name || !value)
      return false;
    into.query.emplace_back(std::move(*name), std::move(*value));
  }
  return true;
}

bool starts_with_ignoring_case(std::string_view text, std::string_view start) {
  return text.size() >= start.size()
         && std::equal(start.begin(), start.end(), text.begin(),
                       [](char a, char b) {
                         return a == (b >= 'A' && b <= 'Z' ? b + 32 : b);
                       });
}

// Leaves the path and query of `http://host/path?query`.
bool strip_origin(std::string_view& text) {
  for (std::string_view scheme : {"http://", "https://"}) {
    if (!starts_with_ignoring_case(text, scheme))
      continue;
    text.remove_prefix(scheme.size());
    const auto authority = std::min(text.find_first_of("/?"), text.size());
    if (authority == 0)
      return false;
    text.remove_prefix(authority);
    return true;
  }
  return false;
}

} // namespace

std::optional<std::string> percent_decode(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      result += text[i];
      continue;
    }
    if (i + 2 >= text.size())
      return std::nullopt;
    const auto high = hex_value(text[i + 1]);
    const auto low = hex_value(text[i + 2]);
    if (high < 0 || low < 0)
      return std::nullopt;
    result += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return result;
}

std::optional<target> parse_target(std::string_view text) {
  target result;
  if (text == "*") {
    result.asterisk = true;
    result.raw_path = result.path = "*";
    return result;
  }
  if (text.empty() || text.find('#') != std::string_view::npos)
    return std::nullopt;
  if (text.front() != '/' && !strip_origin(text))
    return std::nullopt;
  const auto path_end = std::min(text.find('?'), text.size());
  result.raw_path = text.substr(0, path_end);
  if (result.raw_path.empty())
    result.raw_path = "/";
  auto path = percent_decode(result.raw_path);
  if (!path || !is_text(*path))
    return std::nullopt;
  result.path = std::move(*path);
  text.remove_prefix(std::min(path_end + 1, text.size()));
  if (!parse_query(text, result))
    return std::nullopt;
  return result;
}

} // namespace parley::http
