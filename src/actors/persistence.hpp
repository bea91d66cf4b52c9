// The store's write side: the one writer of a node.
//
// Requests that wait while a commit is under way become one batch with one
// sync. A request that touches what the open batch already changes commits that
// batch first, so that every decision is made on what is stored.
//
// After a failed write the store is probed before the next one, which makes it
// work again once the disk has room.
#pragma once

#include <chrono>

#include <caf/actor_system.hpp>

#include "actors/interfaces.hpp"
#include "chat/id.hpp"
#include "config/settings.hpp"
#include "storage/store.hpp"
#include "telemetry/log.hpp"
#include "telemetry/metrics.hpp"

namespace parley::actors {

struct persistence_environment {
  storage::store& store;
  id_generator& ids;
  const config::settings& settings;
  const telemetry::log& log;
  telemetry::metrics* metrics = nullptr; // may be null in tests
};

// Everything in the environment must outlive the actor. It runs on a thread of
// its own; tests pass `detached = false` for the deterministic scheduler.
[[nodiscard]] persistence_actor
spawn_persistence(caf::actor_system& system,
                  const persistence_environment& environment,
                  bool detached = true);

} // namespace parley::actors
