#include "config/version.hpp"

namespace parley::config {

std::string_view version() noexcept {
  return PARLEY_VERSION;
}

} // namespace parley::config
