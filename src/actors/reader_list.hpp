// The readers of one session: where each stands in the log and how many
// messages it can take. A slow reader costs a cursor, not memory.
//
// Not an actor: owned by a session and used inside its handlers.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include <caf/actor_addr.hpp>
#include <caf/message.hpp>

#include "actors/interfaces.hpp"
#include "chat/event.hpp"
#include "chat/stream_log.hpp"

namespace parley::actors {

class reader_list {
public:
  // Sends a message to a reader, as the session.
  using send_function =
    std::function<void(const reader_actor&, const caf::message&)>;

  explicit reader_list(send_function send) : send_(std::move(send)) {
  }

  // What a new reader is told of the progress so far.
  enum class past_progress : std::uint8_t { untold, told };

  // Adds a reader, or moves the cursor of one that is there. Returns true when
  // it is new. Credit never exceeds limits::reader_credit: no reader can make
  // the session send without bound.
  bool add(const reader_actor& who, stream_log::cursor place,
           std::uint32_t credit, past_progress past);
  void grant(const caf::actor_addr& who, std::uint32_t credit);
  // Returns false when there was none.
  bool remove(const caf::actor_addr& who);
  void clear() noexcept {
    readers_.clear();
  }

  // Progress towards the log's first entry. Each reader is told of it once,
  // ahead of that entry, with the next `publish` that finds it with credit.
  void add_progress(const progress_event& what) {
    progress_.push_back(what);
  }

  // Gives every reader that has credit what `log` holds behind its cursor.
  // Readers that got the terminal event leave the list; they are returned.
  // `read_at`: see `events`.
  std::vector<caf::actor_addr> publish(const stream_log& log,
                                       std::int64_t read_at);

  [[nodiscard]] bool empty() const noexcept {
    return readers_.empty();
  }
  [[nodiscard]] std::size_t size() const noexcept {
    return readers_.size();
  }

private:
  struct reader {
    reader_actor handle;
    stream_log::cursor place;
    std::uint32_t credit = 0;
    std::size_t progress_seen = 0;
  };
  // What one reader was just sent, for the next that stands at the same place.
  struct sent {
    seq_t from = 0;
    std::size_t progress_seen = 0; // before
    stream_log::cursor to;
    caf::message message;
    bool terminal = false;
  };

  [[nodiscard]] reader* find(const caf::actor_addr& who) noexcept;
  // Returns true when the reader has got the terminal event.
  bool send_to(reader& to, const stream_log& log, std::int64_t read_at,
               std::optional<sent>& last);

  // What stands behind its cursor, and the progress that it was not told of.
  [[nodiscard]] std::vector<event> take_next(reader& to,
                                             const stream_log& log) const;

  send_function send_;
  std::vector<reader> readers_;
  std::vector<progress_event> progress_;
};

} // namespace parley::actors
