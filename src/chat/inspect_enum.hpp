// How an `enum class` travels in messages and is checked on arrival: as its
// integer; a value above `last` does not load.
#pragma once

#include <cstdint>
#include <type_traits>

namespace parley::detail {

template <class Inspector, class Enum>
bool inspect_enum(Inspector& f, Enum& x, Enum last) {
  static_assert(std::is_same_v<std::underlying_type_t<Enum>, std::uint8_t>);
  auto get = [&x] {
    return static_cast<std::uint8_t>(x);
  };
  auto set = [&x, last](std::uint8_t value) {
    if (value > static_cast<std::uint8_t>(last))
      return false;
    x = static_cast<Enum>(value);
    return true;
  };
  return f.apply(get, set);
}

} // namespace parley::detail
