// What a fuzz target promises about any input. A broken promise ends the
// process, which is how libFuzzer learns of it.
#pragma once

#include <cstdio>
#include <cstdlib>

namespace parley::fuzz {

inline void require(bool holds, const char* promise) {
  if (holds)
    return;
  std::fprintf(stderr, "broken promise: %s\n", promise);
  std::abort();
}

} // namespace parley::fuzz
