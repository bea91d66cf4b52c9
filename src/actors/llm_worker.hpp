// One attempt at the upstream. Owns the request and its time-outs. What the
// provider reports goes to the session directly, because a hand-over costs more
// than all else that is done with a token; a time-out is reported as a failure.
// It ends with its session or when the session tells it to, and the upstream's
// connection with it.
#pragma once

#include <cstdint>

#include <boost/asio/io_context.hpp>
#include <caf/actor_system.hpp>

#include "actors/interfaces.hpp"
#include "config/settings.hpp"
#include "llm/provider.hpp"

namespace parley::actors {

struct llm_worker_environment {
  llm::provider& provider;
  boost::asio::io_context& loop;
  const config::settings& settings;
};

// The environment's references must outlive the actor.
[[nodiscard]] llm_worker_actor spawn_llm_worker(
  caf::actor_system& system, const llm_worker_environment& environment,
  session_actor session, llm::prompt what, std::uint32_t attempt);

} // namespace parley::actors
