// The store's read side: one blocking read per request, on threads of its own.
#pragma once

#include <cstddef>
#include <vector>

#include <caf/actor_system.hpp>

#include "actors/interfaces.hpp"
#include "storage/store.hpp"

namespace parley::actors {

// A reader on one detached thread. `store` must outlive it.
[[nodiscard]] store_reader_actor
spawn_store_reader(caf::actor_system& system, const storage::store& store);

// Its behavior, for tests that want it under the deterministic scheduler.
[[nodiscard]] store_reader_actor::behavior_type
store_reader(store_reader_actor::pointer self, const storage::store* store);

// Readers by turns. `readers` must outlive it.
class reader_turns {
public:
  explicit reader_turns(const std::vector<store_reader_actor>& readers)
    : readers_(readers) {
  }

  // Precondition: there is one.
  [[nodiscard]] const store_reader_actor& next() noexcept {
    return readers_[next_++ % readers_.size()];
  }

private:
  const std::vector<store_reader_actor>& readers_;
  std::size_t next_ = 0;
};

} // namespace parley::actors
