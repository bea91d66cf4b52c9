// The door of a node that has others. A client may talk to any node: what
// concerns a conversation goes to the node that owns it (the tag in its id says
// which), lists are gathered from all, and what is new is placed.
//
// It speaks to the other nodes' plain gateways, which pass nothing on, so a
// request crosses nodes at most once.
//
// **Placement.** A new conversation lives on the node that took it, unless that
// one is draining or much more loaded than another.
//
// **Loss.** A request that waits for a node that goes down fails at once with
// errc::node_unavailable, and so does one for a node that is down.
//
// **Idempotency-Key.** Before a request with a key is sent to the node where it
// will be decided, all others are asked for the key; whoever does not know it
// remembers where the stream will live (claim_table.hpp). Of two nodes that ask
// at the same moment the one with the greater target waits for the other and
// follows it.
#pragma once

#include <vector>

#include <caf/actor_system.hpp>

#include "actors/interfaces.hpp"
#include "config/settings.hpp"

namespace parley::actors {

struct cluster_gateway_environment {
  const config::settings& settings;
  node_tag self;
  gateway_actor local;
  std::vector<store_reader_actor> readers; // at least one
};

[[nodiscard]] cluster_gateway_actor
spawn_cluster_gateway(caf::actor_system& system,
                      cluster_gateway_environment environment);

} // namespace parley::actors
