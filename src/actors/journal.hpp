// The journal of one event loop: takes the text of all streams of the loop off
// the token's path and hands it to persistence in groups, every
// streams.flush-interval or limits::journal_flush_bytes, whichever comes first.
//
// With storage.durability=strict it hands over at once, one batch at a time
// (what comes meanwhile is the next batch), and tells sessions what is durable.
#pragma once

#include <chrono>

#include <caf/actor_system.hpp>

#include "actors/interfaces.hpp"

namespace parley::actors {

struct journal_settings {
  std::chrono::milliseconds flush_interval{20};
  bool strict = false;
};

[[nodiscard]] journal_actor spawn_journal(caf::actor_system& system,
                                          persistence_actor persistence,
                                          journal_settings settings);

} // namespace parley::actors
