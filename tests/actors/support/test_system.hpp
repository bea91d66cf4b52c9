// An actor system under CAF's deterministic coordinator: nothing runs before a
// test says so, and time moves only by hand. A client asks, readers read.
//
// When a test is over, it is an error when an actor is left.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

#include <caf/event_based_actor.hpp>

#include "actors/errors.hpp"
#include "actors/interfaces.hpp"
#include "tests/actors/support/fake_reader.hpp"

#include <caf/test/dsl.hpp>

namespace parley::tests {

using namespace std::chrono_literals;
using namespace parley::actors;

// What a request came to.
template <class T>
class answer {
public:
  [[nodiscard]] bool pending() const noexcept {
    return !state_->value && !state_->why;
  }
  // Fails the test when it was refused or is pending.
  [[nodiscard]] const T& value() const {
    if (!state_->value)
      CAF_FAIL("no answer: " + why().detail);
    return *state_->value;
  }
  // `none`: not refused.
  [[nodiscard]] errc code() const {
    return state_->why ? state_->why->code : errc::none;
  }
  [[nodiscard]] error why() const {
    return state_->why.value_or(error{errc::none, "pending", {}, {}, {}});
  }

private:
  friend class test_system;
  struct state {
    std::optional<T> value;
    std::optional<error> why;
  };
  std::shared_ptr<state> state_ = std::make_shared<state>();
};

class test_system : public test_coordinator_fixture<> {
public:
  test_system();
  // Precondition: derived classes have ended what they spawned.
  ~test_system() override;

  // -- running ----------------------------------------------------------------

  // Delivers all messages; no time passes.
  void settle();
  // Moves the clock, timer by timer, and delivers what they cause.
  void advance(std::chrono::nanoseconds by);

  // -- asking -----------------------------------------------------------------

  // Sends a request, as a client, and delivers nothing yet.
  template <class T, class Handle, class... Args>
  answer<T> send_request(const Handle& to, Args... what) {
    answer<T> made;
    auto to_state = made.state_;
    auto on_error = [to_state](const caf::error& why) {
      to_state->why = to_error(why);
    };
    // It is not run by the scheduler now: its last context is gone.
    client_->context(nullptr);
    auto request = client_->request(to, caf::infinite, std::move(what)...);
    if constexpr (std::is_same_v<T, caf::unit_t>)
      std::move(request).then([to_state] { to_state->value.emplace(); },
                              on_error);
    else
      std::move(request).then(
        [to_state](T& x) { to_state->value = std::move(x); }, on_error);
    return made;
  }

  // -- reading ----------------------------------------------------------------

  // A reader that has not subscribed yet.
  fake_reader make_reader(pace how = pace::slow);
  // Subscribes a new reader that keeps up; must succeed.
  fake_reader read(const session_actor& session, seq_t after = 0);
  // The same with one that has this credit, and gets more by `grant`.
  fake_reader read_slowly(const session_actor& session, seq_t after,
                          std::uint32_t credit);
  answer<subscribed> try_read(fake_reader& reader, const session_actor& session,
                              seq_t after, std::uint32_t credit);

protected:
  // All that were made.
  void end_readers();

private:
  std::size_t actors_before_;
  caf::event_based_actor* client_ = nullptr; // held by `client_handle_`
  caf::actor client_handle_;
  std::vector<reader_actor> readers_;
};

} // namespace parley::tests
