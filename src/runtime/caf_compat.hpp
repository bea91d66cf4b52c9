// What differs between CAF 0.18 and 1.x, in one place.
#pragma once

#include <caf/config.hpp>

#if CAF_VERSION >= 10000
#  include <caf/scheduler.hpp>
#else
#  include <caf/execution_unit.hpp>
#endif

namespace parley::runtime {

// What an actor is run by: called execution unit until 0.18.
#if CAF_VERSION >= 10000
using caf_executor = caf::scheduler;
#else
using caf_executor = caf::execution_unit;
#endif

} // namespace parley::runtime
