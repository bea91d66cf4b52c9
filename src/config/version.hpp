// The version of this build, as CMake's project() has it.
#pragma once

#include <string_view>

namespace parley::config {

// "0.1.0"
[[nodiscard]] std::string_view version() noexcept;

} // namespace parley::config
