// CAF's TCP networking with a bound on what a peer can make this node allocate.
//
// CAF reads the length of a message from its header and allocates that much at
// once, up to 4 GiB, before it knows who is talking. Behind TLS only members of
// the cluster get so far; on a plain port anyone does.
#pragma once

#include <cstddef>

#include <caf/actor_system.hpp>
#include <caf/io/middleman_actor.hpp>

namespace parley::runtime {

// One message between nodes. An exported conversation is the largest that we
// send (http: limits.max-body-bytes at most 64 MiB).
inline constexpr std::size_t max_network_message_bytes = 256u * 1024 * 1024;

// The same protocol as CAF's own middleman actor. The caller ends it.
[[nodiscard]] caf::io::middleman_actor
spawn_bounded_networking(caf::actor_system& system);

} // namespace parley::runtime
