// Whether and when an attempt that failed is made again (API §1, §7). Pure.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "chat/result.hpp"
#include "config/settings.hpp"

namespace parley::llm {

// An attempt that failed before its first token. After the first token nothing
// is ever retried: do not ask.
struct failed_attempt {
  std::uint32_t number = 1; // the first attempt is 1
  error why;
  int http_status = 0;                  // the upstream's; 0: it gave none
  std::chrono::milliseconds elapsed{0}; // since the first attempt began
};

// True for what may go better next time: unreachable, a time-out, cut off, 408,
// 429, 5xx.
[[nodiscard]] bool is_retryable(const error& why, int http_status) noexcept;

// How long to wait before the next attempt; none: give up. Exponential back-off
// with full jitter, `random` in [0, 1) times min(base · 2^(number − 1), max),
// but never less than the upstream's Retry-After, where it gave one. Gives up
// after `max_attempts`, and when the wait would end beyond `retry_budget`.
[[nodiscard]] std::optional<std::chrono::milliseconds>
retry_delay(const failed_attempt& attempt, const config::settings& settings,
            double random) noexcept;

} // namespace parley::llm
