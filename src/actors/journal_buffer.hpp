// The text of one event loop's streams that waits for the next group commit.
// Sessions put it here themselves, because a message to the journal for each
// token would cost as much as showing the token. The journal takes it.
//
// Thread-safe. The sessions of a loop and its journal run on the loop's thread
// nearly always, but CAF promises it of no actor: hence the lock, which is
// hardly ever waited for.
#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <vector>

#include <caf/actor_control_block.hpp>

#include "chat/stream_log.hpp"

namespace parley::actors {

class journal_buffer {
public:
  // Where the text of one stream is. Each session has one, for `add`.
  struct place {
    std::uint64_t group = 0;
    std::size_t index = 0;
  };

  // The text of one stream, and who is told what becomes of it.
  struct part {
    caf::strong_actor_ptr session;
    log_segment segment;
  };

  // Adds text behind what waits of its stream. True: the journal is to be told
  // that text waits, which is the first of a group, or has made it full.
  [[nodiscard]] bool add(place& where, caf::strong_actor_ptr session,
                         log_segment what);

  // Forgets what waits of a stream.
  void drop(place& where);

  // limits::journal_flush_bytes wait, or more.
  [[nodiscard]] bool full() const;

  // All that waits, one part a stream; begins the next group.
  [[nodiscard]] std::vector<part> take();

  // The last `take`. What is added from now on is dropped, as messages to an
  // actor that has ended are.
  [[nodiscard]] std::vector<part> close();

private:
  std::vector<part> take_locked();

  mutable std::mutex mutex_;
  std::vector<part> parts_; // those that were dropped have no entries
  std::uint64_t group_ = 1;
  std::size_t bytes_ = 0;
  bool closed_ = false;
};

} // namespace parley::actors
