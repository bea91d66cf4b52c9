// Between `parley::error` and `caf::error`: an actor that fails a request
// answers with our code and carries the whole error as the context.
#pragma once

#include <caf/error.hpp>

#include "actors/interfaces.hpp"
#include "chat/result.hpp"

namespace parley::actors {

[[nodiscard]] caf::error to_caf(error what);

// What an actor's error means to a client. CAF's own: a request that timed out
// is `overloaded`, a receiver that is gone `internal`, a node that cannot be
// reached `node_unavailable`.
[[nodiscard]] error to_error(const caf::error& what);

// A `result<T>` as the answer to a request.
template <class T>
[[nodiscard]] caf::result<T> to_answer(result<T> value) {
  if (value)
    return std::move(*value);
  return to_caf(std::move(value.error()));
}

[[nodiscard]] inline caf::result<void> to_answer(result<void> value) {
  if (value)
    return caf::unit;
  return to_caf(std::move(value.error()));
}

} // namespace parley::actors
