// What must hold between options, once each is valid by itself.
#pragma once

#include <string>
#include <vector>

#include "config/settings.hpp"

namespace parley::config {

// A sentence per contradiction; empty when there is none.
[[nodiscard]] std::vector<std::string> contradictions(const settings& values);

} // namespace parley::config
