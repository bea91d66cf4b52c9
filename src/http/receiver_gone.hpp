// When a request to an actor is worth asking again.
#pragma once

#include <caf/error.hpp>
#include <caf/sec.hpp>

#include "actors/interfaces.hpp"

namespace parley::http {

// True when a request met no answer because its receiver ended: sessions do,
// between the moment when their handle is given out and the one when they are
// asked. What they knew is in the store, where the next request finds it.
[[nodiscard]] inline bool is_receiver_gone(const caf::error& why) {
  return why
         && why.category()
              != caf::type_id_v<errc> && why != caf::sec::request_timeout;
}

// A stream's session can end once, and the one that the store brings back may
// as well; a third one in a row means that something is wrong.
inline constexpr int max_attempts_at_a_session = 3;

} // namespace parley::http
