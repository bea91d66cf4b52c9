// A reader of a stream that keeps what it gets. It grants credit for every
// message that it takes, or, a slow one, on command; it leaves and dies on
// command.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <caf/actor_system.hpp>
#include <caf/message.hpp>
#include <caf/send.hpp>

#include "actors/interfaces.hpp"

namespace parley::tests {

enum class pace { keeps_up, slow };

class fake_reader {
public:
  explicit fake_reader(caf::actor_system& system, pace how = pace::slow);

  [[nodiscard]] const actors::reader_actor& handle() const noexcept {
    return handle_;
  }

  // -- doing, as the reader; nothing happens before the scheduler runs --------

  void grant(const actors::session_actor& session, std::uint32_t credit = 1);
  void unsubscribe(const actors::session_actor& session);
  void die();

  // Credit that was given otherwise, with `subscribe`.
  void count_credit(std::uint32_t credit) {
    got_->granted += credit;
  }

  // -- what it got ------------------------------------------------------------

  // `events` messages.
  [[nodiscard]] std::size_t batches() const noexcept {
    return got_->batches;
  }
  // Without progress.
  [[nodiscard]] const std::vector<event>& frames() const noexcept {
    return got_->frames;
  }
  [[nodiscard]] const std::vector<progress_event>& progress() const noexcept {
    return got_->progress;
  }
  // More messages came than it had granted credit for.
  [[nodiscard]] bool overrun() const noexcept {
    return got_->batches > got_->granted;
  }
  [[nodiscard]] std::string text(text_kind kind = text_kind::content) const;
  [[nodiscard]] seq_t last_seq() const;
  [[nodiscard]] std::size_t terminals() const;
  // Null before the end.
  [[nodiscard]] const done_event* done() const;
  [[nodiscard]] const error_event* failure() const;
  // The first broken promise, or empty: numbers rise, `start` is first where
  // the stream was read from its beginning, text is whole characters, one end
  // at most and nothing behind it, no more messages than credit.
  [[nodiscard]] std::string broken_promise(seq_t after = 0) const;

  // Forgets what came so far.
  void forget();

private:
  struct state {
    bool keeps_up = false;
    std::size_t batches = 0;
    std::size_t granted = 0;
    std::vector<event> frames;
    std::vector<progress_event> progress;
  };
  class actor_impl;

  void send(const actors::session_actor& session, const caf::message& what);

  std::shared_ptr<state> got_ = std::make_shared<state>();
  actors::reader_actor handle_;
};

} // namespace parley::tests
