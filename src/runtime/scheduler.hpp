// CAF's scheduler on Asio's event loops: one pool of threads instead of two.
//
// A token that is handed from one pool of threads to another costs two wake-ups
// of a sleeping thread, more than everything else that is done with it. Here a
// scheduler worker takes from its own queue of actors and otherwise runs its
// io_context, so that a connection, its session, its llm_worker and the
// upstream's socket share a thread:
//
// - a job from the same thread goes into the worker's queue, no wake-up;
// - a job from another thread is posted to the io_context of the worker that
// ran
//   the actor last, or of the next one in turn.
//
// Whatever blocks is a detached actor. With CAF 1.x, whose scheduler is an
// abstract class of its own, CAF's is used and the loops have their own threads
// (`event_loops::run_threads`).
#pragma once

#include <caf/actor_system_config.hpp>

#include "runtime/caf_compat.hpp"
#include "runtime/caf_transport.hpp"
#include "runtime/event_loops.hpp"

namespace parley::runtime {

// The configuration of a Parley process' actor system. `loops` must outlive the
// system. With a network CAF's networking is started, too: a thread of its own,
// which reads and writes the connections to other nodes.
class system_config : public caf::actor_system_config {
public:
  explicit system_config(event_loops& loops,
                         const network_settings* network = nullptr);

  event_loops& loops;
};

// True where CAF's workers run the loops, false where `run_threads` must.
[[nodiscard]] constexpr bool scheduler_runs_loops() noexcept {
  return CAF_MAJOR_VERSION < 1;
}

} // namespace parley::runtime
