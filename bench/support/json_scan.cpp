#include "support/json_scan.hpp"

#include <cstring>
#include <string>

namespace parley::bench {

namespace {

/// From the member's value on, or nothing.
std::string_view value_of(std::string_view json, std::string_view name) {
  const auto quoted = '"' + std::string{name} + '"';
  const auto found = json.find(quoted);
  if (found == std::string_view::npos)
    return {};
  json.remove_prefix(found + quoted.size());
  const auto value = json.find_first_not_of(" \t\r\n:");
  return value == std::string_view::npos ? std::string_view{}
                                         : json.substr(value);
}

} // namespace

std::string_view json_text(std::string_view json, std::string_view opening) {
  // memmem, because string_view::find stops at every quote on its way.
  const auto* found =
    memmem(json.data(), json.size(), opening.data(), opening.size());
  if (found == nullptr)
    return {};
  json.remove_prefix(
    static_cast<std::size_t>(static_cast<const char*>(found) - json.data())
    + opening.size());
  for (auto end = json.find('"'); end != std::string_view::npos;
       end = json.find('"', end + 1)) {
    std::size_t backslashes = 0;
    while (backslashes < end && json[end - backslashes - 1] == '\\')
      ++backslashes;
    if (backslashes % 2 == 0)
      return json.substr(0, end);
  }
  return {};
}

std::string_view json_member(std::string_view json, std::string_view name) {
  return json_text(value_of(json, name), "\"");
}

bool json_is_true(std::string_view json, std::string_view name) {
  return value_of(json, name).starts_with("true");
}

} // namespace parley::bench
