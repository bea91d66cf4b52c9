// What happens once at start, before a node takes requests.
#pragma once

#include <cstddef>

#include "chat/result.hpp"
#include "storage/store.hpp"

namespace parley::actors {

// Closes every stream that a dead process left open: status `interrupted`, with
// all text that reached the store, and its conversation free for the next
// message. Durable when it returns. Returns how many there were.
[[nodiscard]] result<std::size_t> close_open_streams(storage::store& store);

} // namespace parley::actors
