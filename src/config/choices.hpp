// How the values of the enumerations in settings.hpp are written. For the
// config layer's own use.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <utility>

#include "config/settings.hpp"

namespace parley::config {

template <class T>
using spelling = std::pair<std::string_view, T>;

inline constexpr std::array durability_names{
  spelling<durability>{"accepted", durability::accepted},
  spelling<durability>{"strict", durability::strict},
  spelling<durability>{"os", durability::os}};
inline constexpr std::array disconnect_names{
  spelling<disconnect_default>{"continue", disconnect_default::keep},
  spelling<disconnect_default>{"cancel", disconnect_default::cancel},
  spelling<disconnect_default>{"cancel-after",
                               disconnect_default::cancel_after}};
inline constexpr std::array log_format_names{
  spelling<log_format>{"text", log_format::text},
  spelling<log_format>{"json", log_format::json}};
inline constexpr std::array log_level_names{
  spelling<log_level>{"trace", log_level::trace},
  spelling<log_level>{"debug", log_level::debug},
  spelling<log_level>{"info", log_level::info},
  spelling<log_level>{"warn", log_level::warn},
  spelling<log_level>{"error", log_level::error}};

constexpr const auto& names_of(durability) {
  return durability_names;
}
constexpr const auto& names_of(disconnect_default) {
  return disconnect_names;
}
constexpr const auto& names_of(log_format) {
  return log_format_names;
}
constexpr const auto& names_of(log_level) {
  return log_level_names;
}

template <class T>
concept choice = requires(T x) {
  names_of(x);
};

// "accepted, strict or os"
template <choice T>
[[nodiscard]] std::string spellings() {
  std::string result;
  const auto& names = names_of(T{});
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (i > 0)
      result += i + 1 < names.size() ? ", " : " or ";
    result += names[i].first;
  }
  return result;
}

} // namespace parley::config
