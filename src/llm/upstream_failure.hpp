// What an upstream's refusal means to us. Pure functions.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "llm/http_response_parser.hpp"
#include "llm/provider.hpp"

namespace parley::llm {

// A Retry-After longer than this is taken as this: nobody waits for a day.
inline constexpr std::chrono::hours max_retry_after{24};

// The value of a Retry-After field: seconds, or an HTTP date (RFC 9110
// §10.2.3), which is compared to the response's own Date, where it has a valid
// one, so that clocks need not agree. None when it makes no sense; a moment
// that has passed is zero.
[[nodiscard]] std::optional<std::chrono::milliseconds>
parse_retry_after(std::string_view value, std::string_view date,
                  std::chrono::system_clock::time_point now);

// An IMF-fixdate: `Sun, 06 Nov 1994 08:49:37 GMT`.
[[nodiscard]] std::optional<std::chrono::sys_seconds>
parse_http_date(std::string_view text);

// The report for a response whose status is not 2xx (API §1, §7):
// 429 → upstream_rate_limited, 408 → upstream_timeout, because it is worth a
// retry, other 4xx and 3xx → upstream_rejected, 5xx → upstream_failed. `body`
// is as much of it as has come.
[[nodiscard]] failed failure_of(const response_head& head,
                                std::string_view body,
                                std::chrono::system_clock::time_point now);

// Replaces every occurrence of `secret`, if there is one, by `***`: an upstream
// may say back what it was sent.
void mask_secret(std::string& text, std::string_view secret);

} // namespace parley::llm
