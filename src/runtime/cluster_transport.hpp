// How an actor of this node is reached by other nodes, and theirs from here.
//
// The peer actor (actors/peer.hpp) decides whom to connect to and what to make
// of it; this only carries. Tests put several "nodes" into one actor system
// with a transport of their own.
#pragma once

#include <cstdint>
#include <functional>

#include <caf/actor_control_block.hpp>
#include <caf/expected.hpp>

#include "config/settings.hpp"

namespace parley::runtime {

class cluster_transport {
public:
  // Called once, on any thread. The actor is what the other node published; it
  // has not said anything yet. Its death is a `down_msg` like any actor's, and
  // so is the loss of its node.
  using connected_function =
    std::function<void(caf::expected<caf::strong_actor_ptr>)>;

  virtual ~cluster_transport() = default;

  // Never blocks. A host that does not answer is an error after some seconds.
  virtual void connect(const config::endpoint& to, connected_function then) = 0;
};

} // namespace parley::runtime
