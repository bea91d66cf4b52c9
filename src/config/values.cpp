#include "config/values.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>

#include <arpa/inet.h>

#include "chat/utf8.hpp"

namespace parley::config {

namespace {

constexpr std::string_view duration_form =
  "a duration is a whole number and a unit, as in 1500ms, 30s, 15m or 24h";
constexpr std::string_view bytes_form =
  "a size is a number of bytes or a number with KiB, MiB or GiB, as in 64KiB";
constexpr std::string_view endpoint_form =
  "must be host:port, as in 127.0.0.1:8080 or [::1]:8080";

struct unit {
  std::string_view suffix;
  std::uint64_t factor;
};

// Smallest first; the first one is how a value is written that no other
// divides.
constexpr std::array<unit, 4> duration_units{
  {{"ms", 1}, {"s", 1'000}, {"m", 60'000}, {"h", 3'600'000}}};
constexpr std::array<unit, 4> byte_units{
  {{"", 1}, {"KiB", 1ull << 10}, {"MiB", 1ull << 20}, {"GiB", 1ull << 30}}};

constexpr bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

constexpr bool is_alnum(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

tl::unexpected<std::string> refuse(std::string_view clause) {
  return tl::unexpected<std::string>{std::string{clause}};
}

// Digits in front and what follows them.
struct measure {
  std::optional<std::uint64_t> number; // none: no digits, or too many
  std::string_view suffix;
};

measure split_measure(std::string_view text) {
  std::uint64_t number = 0;
  auto [end, failure] =
    std::from_chars(text.data(), text.data() + text.size(), number);
  auto suffix = text.substr(static_cast<std::size_t>(end - text.data()));
  if (failure != std::errc{})
    return {std::nullopt, suffix};
  return {number, suffix};
}

// The factor of `suffix`; nothing where there is no such unit.
template <std::size_t N>
std::optional<std::uint64_t> factor_of(const std::array<unit, N>& units,
                                       std::string_view suffix) {
  for (const auto& candidate : units) {
    if (candidate.suffix == suffix)
      return candidate.factor;
  }
  return std::nullopt;
}

template <std::size_t N>
std::string print_with(const std::array<unit, N>& units, std::uint64_t value) {
  auto best = units.front();
  for (const auto& candidate : units) {
    if (value != 0 && value % candidate.factor == 0)
      best = candidate;
  }
  return std::to_string(value / best.factor) + std::string{best.suffix};
}

bool is_host_name(std::string_view host) {
  if (host.empty() || host.size() > 253)
    return false;
  auto numeric = true;
  for (auto c : host) {
    if (!is_alnum(c) && c != '.' && c != '-' && c != '_')
      return false;
    numeric = numeric && (is_digit(c) || c == '.');
  }
  // Digits and dots are an address; a mistyped one must not become a query to
  // the DNS.
  in_addr address{};
  return !numeric
         || inet_pton(AF_INET, std::string{host}.c_str(), &address) == 1;
}

bool is_ipv6(std::string_view host) {
  in6_addr address{};
  return host.size() < INET6_ADDRSTRLEN
         && inet_pton(AF_INET6, std::string{host}.c_str(), &address) == 1;
}

// `port` as digits; nothing when it is no port.
std::optional<std::uint16_t> parse_port(std::string_view text) {
  auto [number, rest] = split_measure(text);
  if (!number || !rest.empty() || text.size() > 5
      || *number > std::numeric_limits<std::uint16_t>::max())
    return std::nullopt;
  return static_cast<std::uint16_t>(*number);
}

bool is_control(unsigned char c) {
  return c < 0x20 || c == 0x7f;
}

} // namespace

// -- parsing -----------------------------------------------------------------

parsed<bool> parse_boolean(std::string_view text) {
  if (text == "true")
    return true;
  if (text == "false")
    return false;
  return refuse("must be true or false");
}

parsed<std::uint64_t> parse_count(std::string_view text) {
  auto [number, rest] = split_measure(text);
  if (!rest.empty() || text.empty())
    return refuse("must be a whole number, written with digits only");
  if (!number)
    return refuse("is too large");
  return *number;
}

parsed<double> parse_number(std::string_view text) {
  double number = 0;
  auto last = text.data() + text.size();
  auto [end, failure] =
    std::from_chars(text.data(), last, number, std::chars_format::fixed);
  if (failure != std::errc{} || end != last || !std::isfinite(number)
      || std::signbit(number))
    return refuse("must be a number that is not negative, as in 2.5");
  return number;
}

parsed<milliseconds> parse_duration(std::string_view text) {
  auto [number, suffix] = split_measure(text);
  if (text.empty() || !is_digit(text.front()))
    return refuse(duration_form);
  if (suffix.empty())
    return refuse("has no unit; " + std::string{duration_form});
  auto factor = factor_of(duration_units, suffix);
  if (!factor)
    return refuse(duration_form);
  constexpr auto max =
    static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  if (!number || *number > max / *factor)
    return refuse("is too long");
  return milliseconds{static_cast<std::int64_t>(*number * *factor)};
}

parsed<std::uint64_t> parse_bytes(std::string_view text) {
  auto [number, suffix] = split_measure(text);
  auto factor = factor_of(byte_units, suffix);
  if (text.empty() || !is_digit(text.front()) || !factor)
    return refuse(bytes_form);
  if (!number || *number > std::numeric_limits<std::uint64_t>::max() / *factor)
    return refuse("is too large");
  return *number * *factor;
}

parsed<endpoint> parse_endpoint(std::string_view text) {
  auto colon = text.rfind(':');
  if (colon == std::string_view::npos)
    return refuse(endpoint_form);
  auto host = text.substr(0, colon);
  auto port = parse_port(text.substr(colon + 1));
  if (!port)
    return refuse("has no port from 0 to 65535 behind the colon; it "
                  + std::string{endpoint_form});
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
    if (!is_ipv6(host))
      return refuse("has no IPv6 address in the brackets; it "
                    + std::string{endpoint_form});
    return endpoint{std::string{host}, *port};
  }
  if (host.find(':') != std::string_view::npos)
    return refuse("has an IPv6 address without brackets; it "
                  + std::string{endpoint_form});
  if (!is_host_name(host))
    return refuse(endpoint_form);
  return endpoint{std::string{host}, *port};
}

parsed<std::string> parse_text(std::string_view text) {
  if (!utf8::is_valid(text))
    return refuse("must be valid UTF-8");
  for (auto c : text) {
    if (is_control(static_cast<unsigned char>(c)))
      return refuse("must not hold control characters");
  }
  return std::string{text};
}

parsed<std::string> parse_base_url(std::string_view text) {
  if (text.empty())
    return std::string{};
  auto rest = text;
  if (rest.starts_with("http://"))
    rest.remove_prefix(7);
  else if (rest.starts_with("https://"))
    rest.remove_prefix(8);
  else
    return refuse("must begin with http:// or https://");
  for (auto c : rest) {
    if (is_control(static_cast<unsigned char>(c)) || c == ' '
        || static_cast<unsigned char>(c) > 0x7f)
      return refuse("must be a URL without blanks or characters beyond ASCII");
  }
  if (rest.find_first_of("?#") != std::string_view::npos)
    return refuse("must not have a query or a fragment; paths such as "
                  "/chat/completions are added to it");
  auto authority = rest.substr(0, rest.find('/'));
  if (authority.find('@') != std::string_view::npos)
    return refuse("must not hold a user name or password; a key belongs into "
                  "llm.api-key-file or PARLEY_LLM_API_KEY");
  auto bracket = authority.rfind(']');
  auto colon = authority.rfind(':');
  auto has_port = colon != std::string_view::npos
                  && (bracket == std::string_view::npos || colon > bracket);
  auto with_port = std::string{authority} + std::string{has_port ? "" : ":80"};
  auto place = parse_endpoint(with_port);
  if (!place || place->port == 0)
    return refuse("must name a host, and a port from 1 to 65535 if any, as in "
                  "http://127.0.0.1:11434/v1");
  while (text.ends_with('/'))
    text.remove_suffix(1);
  return std::string{text};
}

parsed<secret> parse_secret(std::string_view text) {
  for (auto c : text) {
    auto byte = static_cast<unsigned char>(c);
    if (byte <= 0x20 || byte >= 0x7f)
      return refuse("must be visible ASCII characters only");
  }
  return secret{std::string{text}};
}

std::vector<std::string> split_list(std::string_view text) {
  auto trimmed = [](std::string_view item) {
    auto first = item.find_first_not_of(" \t");
    if (first == std::string_view::npos)
      return std::string{};
    auto last = item.find_last_not_of(" \t");
    return std::string{item.substr(first, last - first + 1)};
  };
  std::vector<std::string> items;
  if (trimmed(text).empty())
    return items;
  for (;;) {
    auto comma = text.find(',');
    items.push_back(trimmed(text.substr(0, comma)));
    if (comma == std::string_view::npos)
      return items;
    text.remove_prefix(comma + 1);
  }
}

// -- printing ----------------------------------------------------------------

std::string print(milliseconds value) {
  auto count = static_cast<std::uint64_t>(value.count());
  return count == 0 ? "0s" : print_with(duration_units, count);
}

std::string print_bytes(std::uint64_t value) {
  return print_with(byte_units, value);
}

std::string print(double value) {
  std::array<char, 400> buffer{}; // the longest double in full has 345
  auto [end, failure] =
    std::to_chars(buffer.data(), buffer.data() + buffer.size(), value,
                  std::chars_format::fixed);
  return failure == std::errc{} ? std::string(buffer.data(), end) : "0";
}

std::string print(const endpoint& value) {
  auto is_v6 = value.host.find(':') != std::string::npos;
  auto host = is_v6 ? '[' + value.host + ']' : value.host;
  return host + ':' + std::to_string(value.port);
}

// -- addresses ---------------------------------------------------------------

bool is_loopback(std::string_view host) {
  in_addr v4{};
  if (inet_pton(AF_INET, std::string{host}.c_str(), &v4) == 1)
    return (ntohl(v4.s_addr) >> 24) == 127;
  in6_addr v6{};
  if (inet_pton(AF_INET6, std::string{host}.c_str(), &v6) == 1)
    return IN6_IS_ADDR_LOOPBACK(&v6);
  return host == "localhost";
}

} // namespace parley::config
