// The one door of a node: finds the actor that a request is for.
#pragma once

#include <vector>

#include <caf/actor_system.hpp>

#include "actors/interfaces.hpp"

namespace parley::actors {

struct gateway_environment {
  registry_actor registry;
  persistence_actor persistence;
  std::vector<store_reader_actor> readers; // at least one
};

[[nodiscard]] gateway_actor spawn_gateway(caf::actor_system& system,
                                          gateway_environment environment);

} // namespace parley::actors
