// Texts ↔ values of the options: how durations, sizes, endpoints and the rest
// are written. Pure functions.
//
// A parser that refuses returns a clause that ends the sentence "http.listen =
// "8080" (from the command line): …", so it says what is allowed.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

#include "config/settings.hpp"

namespace parley::config {

template <class T>
using parsed = tl::expected<T, std::string>;

// -- parsing -----------------------------------------------------------------

// `true` or `false`.
[[nodiscard]] parsed<bool> parse_boolean(std::string_view text);

// Decimal digits only: no sign, no separators.
[[nodiscard]] parsed<std::uint64_t> parse_count(std::string_view text);

// A finite decimal number that is not negative.
[[nodiscard]] parsed<double> parse_number(std::string_view text);

// `1500ms`, `30s`, `15m`, `24h`: whole numbers with a unit, never negative.
// What does not fit into 64 bits of milliseconds is refused.
[[nodiscard]] parsed<milliseconds> parse_duration(std::string_view text);

// `1MiB`, `64KiB`, `2GiB`, or a plain number of bytes.
[[nodiscard]] parsed<std::uint64_t> parse_bytes(std::string_view text);

// `host:port` or `[IPv6]:port`. The host is a name or an address, not looked
// up.
[[nodiscard]] parsed<endpoint> parse_endpoint(std::string_view text);

// Valid UTF-8 without control characters; it may end up in headers, logs and
// file names.
[[nodiscard]] parsed<std::string> parse_text(std::string_view text);

// An absolute http:// or https:// URL with a host, without user name, query or
// fragment. Trailing slashes are dropped. Empty stays empty.
[[nodiscard]] parsed<std::string> parse_base_url(std::string_view text);

// A key as it is sent in an HTTP header: visible ASCII.
[[nodiscard]] parsed<secret> parse_secret(std::string_view text);

// Items between commas, blanks around them dropped. The empty text is the empty
// list; an empty item is kept, so that the item's own parser refuses it.
[[nodiscard]] std::vector<std::string> split_list(std::string_view text);

// -- printing ----------------------------------------------------------------

// In the largest unit that divides it: 90'000 ms is `90s`, 3'600'000 ms `1h`.
[[nodiscard]] std::string print(milliseconds value);
[[nodiscard]] std::string print_bytes(std::uint64_t value);
[[nodiscard]] std::string print(double value);
[[nodiscard]] std::string print(const endpoint& value);

// -- addresses ---------------------------------------------------------------

// True for 127.0.0.0/8, ::1 and `localhost`.
[[nodiscard]] bool is_loopback(std::string_view host);

} // namespace parley::config
