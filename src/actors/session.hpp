// One stream: the single writer of its log, from the accepted message to the
// last reader of the terminal frame.
//
//   accepting ──> generating ──> finishing ──> closed
//       │              │  └ retrying: another attempt, before the first token
//       └─ refused     └ cancel, cap, failure, the upstream's end
//
// `accepting`   the accept is being written; nothing has left
// `generating`  an llm_worker answers, or the next attempt is being waited for
// `finishing`   the end is being written; readers still get text, not the end
// `closed`      the end is durable; readers get the rest, then the actor ends
//
// A session that was brought back from the store begins as `closed`, so that
// replay and live are one path.
#pragma once

#include <functional>
#include <vector>

#include <caf/actor_system.hpp>

#include "actors/interfaces.hpp"
#include "chat/stream_log.hpp"
#include "config/settings.hpp"
#include "llm/provider.hpp"
#include "runtime/event_loops.hpp"
#include "telemetry/log.hpp"
#include "telemetry/metrics.hpp"

namespace parley::actors {

// What all sessions of a node share. Outlives them.
struct session_environment {
  const config::settings& settings;
  llm::provider& provider;
  runtime::event_loops& loops;
  const telemetry::log& log;
  telemetry::metrics* metrics = nullptr; // may be null in tests
  persistence_actor persistence;
  std::vector<journal_actor> journals;     // one per loop
  std::vector<store_reader_actor> readers; // at least one
  // What clients' model names are called upstream.
  std::function<std::string(const std::string&)> upstream_model;
  std::function<double()> random; // [0, 1), for back-off; any thread
};

// A new stream; `open_stream` is its first message.
[[nodiscard]] session_actor
spawn_session(caf::actor_system& system, const session_environment& environment,
              registry_actor registry, stream_record record,
              bool new_conversation, std::string default_model);

// A terminal stream, for its readers. Ends by itself when nobody reads.
[[nodiscard]] session_actor spawn_replay_session(
  caf::actor_system& system, const session_environment& environment,
  registry_actor registry, stream_record record, stream_log log);

} // namespace parley::actors
