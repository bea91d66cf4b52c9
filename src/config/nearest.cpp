#include "config/nearest.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <limits>

namespace parley::config {

std::size_t edit_distance(std::string_view a, std::string_view b) {
  constexpr std::size_t max_bytes = 128;
  a = a.substr(0, max_bytes);
  b = b.substr(0, max_bytes);
  using row = std::array<std::size_t, max_bytes + 1>;
  row before_last{};
  row last{};
  row current{};
  for (std::size_t j = 0; j <= b.size(); ++j)
    last[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    current[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      auto replaced = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      current[j] = std::min({last[j] + 1, current[j - 1] + 1, replaced});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        current[j] = std::min(current[j], before_last[j - 2] + 1);
    }
    before_last = last;
    last = current;
  }
  return last[b.size()];
}

std::string_view nearest(std::string_view text,
                         std::span<const std::string_view> candidates) {
  assert(!candidates.empty());
  auto best = candidates.front();
  auto best_distance = std::numeric_limits<std::size_t>::max();
  for (auto candidate : candidates) {
    auto distance = edit_distance(text, candidate);
    // A missing group costs one edit: it is one thing that was forgotten.
    if (auto dot = candidate.rfind('.'); dot != std::string_view::npos)
      distance =
        std::min(distance, edit_distance(text, candidate.substr(dot + 1)) + 1);
    if (distance < best_distance) {
      best = candidate;
      best_distance = distance;
    }
  }
  return best;
}

} // namespace parley::config
