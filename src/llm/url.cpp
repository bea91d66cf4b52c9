#include "llm/url.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

namespace parley::llm {

namespace {

constexpr std::size_t max_url_bytes = 2048;
constexpr std::size_t max_host_bytes = 253;

tl::unexpected<error> refuse(std::string why) {
  return fail(errc::invalid_request, "llm.base-url " + std::move(why) + '.',
              "llm.base-url");
}

char lowered(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool is_host_byte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'
         || c == '.' || c == '_';
}

bool is_ipv6_byte(char c) {
  return (c >= 'a' && c <= 'f') || (c >= '0' && c <= '9') || c == ':'
         || c == '.';
}

// Takes the scheme off `text`.
std::optional<bool> take_scheme(std::string_view& text) {
  std::string start;
  std::transform(
    text.begin(),
    text.begin()
      + static_cast<std::ptrdiff_t>(std::min<std::size_t>(text.size(), 8)),
    std::back_inserter(start), lowered);
  if (start.starts_with("https://")) {
    text.remove_prefix(8);
    return true;
  }
  if (start.starts_with("http://")) {
    text.remove_prefix(7);
    return false;
  }
  return std::nullopt;
}

// Splits `host[:port]`. False when there is a port that is none.
bool split_authority(std::string_view authority, std::string_view& host,
                     std::string_view& port) {
  const bool bracketed = authority.starts_with('[');
  const auto close = bracketed ? authority.find(']') : 0;
  if (close == std::string_view::npos)
    return false;
  const auto colon = authority.find(':', close);
  host = authority.substr(0, colon);
  if (bracketed) {
    host = authority.substr(1, close - 1);
    if (colon != close + 1 && close + 1 != authority.size())
      return false;
  }
  if (colon == std::string_view::npos)
    return true;
  port = authority.substr(colon + 1);
  return !port.empty();
}

} // namespace

std::string url::authority() const {
  const bool ipv6 = host.find(':') != std::string::npos;
  std::string result = ipv6 ? '[' + host + ']' : host;
  if (port != (tls ? 443 : 80))
    result += ':' + std::to_string(port);
  return result;
}

result<url> parse_base_url(std::string_view text) {
  if (text.size() > max_url_bytes)
    return refuse("is too long");
  if (std::any_of(text.begin(), text.end(),
                  [](char c) { return c <= ' ' || c > '~'; }))
    return refuse("holds a blank, a control or a non-ASCII character (write "
                  "international names as xn--…)");
  const auto tls = take_scheme(text);
  if (!tls)
    return refuse("does not begin with http:// or https://");
  if (text.find_first_of("?#") != std::string_view::npos)
    return refuse("has a query or a fragment, which a base cannot have");
  const auto slash = std::min(text.find('/'), text.size());
  const auto authority = text.substr(0, slash);
  if (authority.find('@') != std::string_view::npos)
    return refuse("holds a user name; put the key into llm.api-key-file");
  std::string_view host;
  std::string_view port;
  if (!split_authority(authority, host, port))
    return refuse("has a malformed port or bracket");
  url made;
  made.tls = *tls;
  std::transform(host.begin(), host.end(), std::back_inserter(made.host),
                 lowered);
  const bool ipv6 = authority.starts_with('[');
  if (host.empty() || host.size() > max_host_bytes
      || !std::all_of(made.host.begin(), made.host.end(),
                      ipv6 ? is_ipv6_byte : is_host_byte))
    return refuse("has no host, or one that cannot be a host's name");
  made.port = *tls ? 443 : 80;
  if (!port.empty()) {
    const auto [end, ec] =
      std::from_chars(port.data(), port.data() + port.size(), made.port);
    if (ec != std::errc{} || end != port.data() + port.size() || made.port == 0)
      return refuse("has a port that is not in 1 … 65535");
  }
  auto path = text.substr(slash);
  while (path.ends_with('/'))
    path.remove_suffix(1);
  made.path = path;
  return made;
}

} // namespace parley::llm
