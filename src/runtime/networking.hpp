// CAF's networking, with connections of our own kind (network_scribe.hpp says
// why; read_bound.hpp bounds what they read): the same protocol as CAF's own
// middleman actor, on a plain port or over mutual TLS.
#pragma once

#include <caf/actor_system.hpp>
#include <caf/io/middleman_actor.hpp>

namespace parley::runtime {

// The caller ends it.
[[nodiscard]] caf::io::middleman_actor
spawn_plain_networking(caf::actor_system& system);

// Needs an actor system with CAF's OpenSSL module and its files configured:
// then every peer must have a certificate of the configured authority. The
// caller ends it.
//
// On CAF's own TLS sessions, but not its connections: what a failed session
// leaves in OpenSSL's error queue of the thread (CAF 0.18.7 and 1.1.0 never
// clear it) is taken for the failure of the next session that has nothing to
// read, so that a stranger who sends nonsense disconnects every member of the
// cluster. Here the queue is empty before each call.
[[nodiscard]] caf::io::middleman_actor
spawn_tls_networking(caf::actor_system& system);

} // namespace parley::runtime
