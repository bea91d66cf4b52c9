// The store's read side: one blocking read per request, on threads of its own.
#pragma once

#include <memory>

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

} // namespace parley::actors
