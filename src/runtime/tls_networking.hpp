// CAF's networking over mutual TLS: CAF's own TLS sessions (caf::openssl), on
// connections of our own kind.
//
// Why not caf::openssl's connections: what a failed session leaves in OpenSSL's
// error queue of the thread (CAF 0.18.7 and 1.1.0 never clear it) is taken for
// the failure of the next session that has nothing to read, so that a stranger
// who sends nonsense disconnects every member of the cluster. Here the queue is
// empty before each call. Messages are bounded as in bounded_networking.hpp.
#pragma once

#include <caf/actor_system.hpp>
#include <caf/io/middleman_actor.hpp>

namespace parley::runtime {

// Needs an actor system with CAF's OpenSSL module and its files configured:
// then every peer must have a certificate of the configured authority. The
// caller ends it.
[[nodiscard]] caf::io::middleman_actor
spawn_tls_networking(caf::actor_system& system);

} // namespace parley::runtime
