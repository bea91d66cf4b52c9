// Points in time as clients see them: RFC 3339, UTC, milliseconds.
#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace parley {

// Milliseconds since the Unix epoch. Zero means "not yet" where a field says
// that it may be unset.
struct timestamp {
  std::int64_t ms = 0;

  [[nodiscard]] static timestamp now() noexcept;

  [[nodiscard]] bool is_set() const noexcept {
    return ms != 0;
  }

  friend auto operator<=>(const timestamp&, const timestamp&) = default;
};

// `2026-11-22T18:30:00.123Z`
[[nodiscard]] std::string to_string(timestamp when);

// Accepts what `to_string` prints; nothing else.
[[nodiscard]] std::optional<timestamp> timestamp_from(std::string_view text);

template <class Inspector>
bool inspect(Inspector& f, timestamp& x) {
  return f.apply(x.ms);
}

} // namespace parley
