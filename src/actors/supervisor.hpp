// Spawns the actors that a node always has, watches them, and takes them down
// in order.
//
// None of them ends by itself. When one does (a bug; an exception that CAF
// caught), the node cannot promise anything any more, and `on_failure` asks the
// process to end: what is on disk is whole, and the next start closes what was
// open.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <caf/actor_system.hpp>

#include "actors/interfaces.hpp"
#include "actors/session.hpp"
#include "chat/id.hpp"
#include "config/settings.hpp"
#include "llm/provider.hpp"
#include "runtime/cluster_transport.hpp"
#include "runtime/event_loops.hpp"
#include "storage/store.hpp"
#include "telemetry/log.hpp"
#include "telemetry/metrics.hpp"

namespace parley::actors {

// What a node that has others needs besides.
struct cluster_environment {
  node_info self;
  runtime::cluster_transport& transport;
  std::vector<node_info> known; // members that the last process met
  // Called once, on any thread, when the others refuse this node for good.
  std::function<void(const std::string&)> on_refused;
};

struct supervisor_environment {
  const config::settings& settings;
  storage::store& store;
  llm::provider& provider;
  runtime::event_loops& loops;
  id_generator& ids;
  const telemetry::log& log;
  telemetry::metrics& metrics;
  std::function<std::string(const std::string&)> upstream_model;
  std::function<double()> random; // [0, 1), any thread
  // Called once, on any thread, with the name of the actor that ended.
  std::function<void(const std::string&)> on_failure;
  std::optional<cluster_environment> cluster; // none: this node is alone
};

// Not an actor: owned by the composition root, used from its thread.
class supervisor {
public:
  supervisor(caf::actor_system& system, supervisor_environment environment);
  ~supervisor(); // stops

  supervisor(const supervisor&) = delete;
  supervisor& operator=(const supervisor&) = delete;

  // Where clients' requests go.
  [[nodiscard]] const gateway_actor& gateway() const noexcept {
    return door_;
  }
  // Null without a cluster.
  [[nodiscard]] const peer_actor& peer() const noexcept {
    return peer_;
  }

  // Other nodes reach this one there: the node begins to look for them.
  void join_cluster(const config::endpoint& reached_at);

  // Takes no new streams (other nodes do) and waits for the running ones: until
  // they end, or are ended when `grace` is over. Blocks.
  void drain(std::chrono::milliseconds grace);

  // Ends the actors, in this order, each waited for:
  //   1. peer          other nodes notice, and send nothing any more
  //   2. gateways      nobody asks for anything new
  //   3. registry      and with it the sessions and their upstreams
  //   4. journals      they hand over what they hold
  //   5. persistence   it commits what it was handed
  //   6. readers       nobody is left who could ask them
  void stop();

private:
  void spawn_cluster();
  void watch(const caf::actor& who, std::string name);

  caf::actor_system& system_;
  supervisor_environment env_;
  session_environment session_env_;
  registry_actor registry_;
  gateway_actor gateway_; // of this node alone
  cluster_gateway_actor cluster_gateway_;
  gateway_actor door_; // the one of the two that clients use
  peer_actor peer_;
  caf::actor watcher_;
};

} // namespace parley::actors
