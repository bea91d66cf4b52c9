#include "chat/message.hpp"

#include <array>
#include <cstddef>

namespace parley {

namespace {

template <class Enum>
using names =
  std::array<std::string_view, static_cast<std::size_t>(Enum::last) + 1>;

constexpr names<role> role_names{"system", "user", "assistant", "tool"};

constexpr names<message_status> status_names{
  "complete", "generating", "truncated", "cancelled", "failed", "interrupted"};

constexpr names<finish_reason> finish_names{
  "none", "stop", "length", "cancelled", "tool_calls", "content_filter"};

template <class Enum>
std::string_view name_of(const names<Enum>& all, Enum x) noexcept {
  const auto index = static_cast<std::size_t>(x);
  return index < all.size() ? all[index] : all.front();
}

template <class Enum>
std::optional<Enum> find(const names<Enum>& all,
                         std::string_view text) noexcept {
  for (std::size_t i = 0; i < all.size(); ++i)
    if (all[i] == text)
      return static_cast<Enum>(i);
  return std::nullopt;
}

} // namespace

std::string_view to_string(role x) noexcept {
  return name_of<role>(role_names, x);
}

std::string_view to_string(message_status x) noexcept {
  return name_of<message_status>(status_names, x);
}

std::string_view to_string(finish_reason x) noexcept {
  return name_of<finish_reason>(finish_names, x);
}

std::optional<role> role_from(std::string_view text) noexcept {
  return find<role>(role_names, text);
}

std::optional<message_status>
message_status_from(std::string_view text) noexcept {
  return find<message_status>(status_names, text);
}

std::optional<finish_reason>
finish_reason_from(std::string_view text) noexcept {
  return find<finish_reason>(finish_names, text);
}

} // namespace parley
