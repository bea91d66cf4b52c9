// Membership: who belongs to the cluster, and who of them can be reached.
//
// Every node is connected to every other. A node connects to its seeds and to
// everybody that it ever met, again every second while they are away; two nodes
// greet each other with a text (node_info.hpp), then exchange the handles that
// they need. CAF's heartbeats end a connection to a node that is silent; that
// kills the proxies of its actors, and the monitored peer's death is what marks
// it as down here, as it ends whatever waits for that node elsewhere.
//
//   (never met) ──> up <──> down
//
// Nobody is forgotten: a node that is down still owns its conversations. One
// whose name comes back with another data folder is: the name now means
// another node.
//
// A node whose name or data folder belongs to one that is up is refused. It
// may be the same node that has just restarted, before its loss was noticed,
// so it keeps trying; once it has been refused for long enough it gives up.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include <caf/actor_system.hpp>

#include "actors/interfaces.hpp"
#include "config/settings.hpp"
#include "runtime/cluster_transport.hpp"
#include "telemetry/log.hpp"

namespace parley::actors {

// Under which name the members are kept (`remember`).
inline constexpr std::string_view members_value = "cluster.members";

struct peer_environment {
  const config::settings& settings;
  const telemetry::log& log;
  runtime::cluster_transport& transport;
  node_info self; // its address is known with `listening`
  registry_actor registry;
  persistence_actor persistence;
  gateway_actor door;
  cluster_gateway_actor gateway;
  std::vector<node_info> known; // from the last process
  // Called once, with a sentence, when others refuse this node for good.
  std::function<void(const std::string&)> on_refused;
};

[[nodiscard]] peer_actor spawn_peer(caf::actor_system& system,
                                    peer_environment environment);

} // namespace parley::actors
