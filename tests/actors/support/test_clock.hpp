// The timers of CAF's test clock, which 0.18 and 1.x keep in different members.
#pragma once

#include <map>
#include <optional>

#include <caf/config.hpp>

namespace parley::tests {

// When the first of those that were not disposed of is due. Forgets the others.
template <class Clock>
auto next_timer(Clock& clock) {
#if CAF_MAJOR_VERSION >= 1
  auto& timers = clock.actions;
  std::erase_if(timers,
                [](const auto& item) { return item.second.disposed(); });
#else
  auto& timers = clock.schedule;
  std::erase_if(timers,
                [](const auto& item) { return item.second.f.disposed(); });
#endif
  using time_point = typename Clock::time_point;
  return timers.empty() ? std::optional<time_point>{}
                        : std::optional<time_point>{timers.begin()->first};
}

} // namespace parley::tests
