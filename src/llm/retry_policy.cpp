#include "llm/retry_policy.hpp"

#include <algorithm>

namespace parley::llm {

namespace {

using std::chrono::milliseconds;

milliseconds backoff_ceiling(std::uint32_t number, milliseconds base,
                             milliseconds most) noexcept {
  auto ceiling = base;
  for (std::uint32_t i = 1; i < number && ceiling < most; ++i)
    ceiling = ceiling > most / 2 ? most : ceiling * 2;
  return std::min(ceiling, most);
}

} // namespace

bool is_retryable(const error& why, int http_status) noexcept {
  if (http_status == 408 || http_status == 429 || http_status >= 500)
    return true;
  switch (why.code) {
  case errc::upstream_unreachable:
  case errc::upstream_timeout:
  case errc::upstream_rate_limited:
  case errc::upstream_failed:
  case errc::upstream_interrupted:
    return true;
  default:
    return false;
  }
}

std::optional<milliseconds> retry_delay(const failed_attempt& attempt,
                                        const config::settings& settings,
                                        double random) noexcept {
  const auto& llm = settings.llm;
  if (attempt.number >= llm.max_attempts
      || !is_retryable(attempt.why, attempt.http_status))
    return std::nullopt;
  const auto ceiling =
    backoff_ceiling(attempt.number, llm.retry_base_delay, llm.retry_max_delay);
  auto delay = std::chrono::duration_cast<milliseconds>(
    ceiling * std::clamp(random, 0.0, 1.0));
  delay = std::max(delay, attempt.why.retry_after.value_or(milliseconds{0}));
  if (attempt.elapsed >= llm.retry_budget
      || delay > llm.retry_budget - attempt.elapsed)
    return std::nullopt;
  return delay;
}

} // namespace parley::llm
