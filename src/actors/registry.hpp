// The streams of this node: which session belongs to which stream and
// conversation, who may begin, and the end of them all when the node drains.
#pragma once

#include <caf/actor_system.hpp>

#include "actors/interfaces.hpp"
#include "actors/session.hpp"
#include "chat/id.hpp"

namespace parley::actors {

// `environment` and `ids` must outlive the actor.
[[nodiscard]] registry_actor
spawn_registry(caf::actor_system& system,
               const session_environment& environment, id_generator& ids);

} // namespace parley::actors
