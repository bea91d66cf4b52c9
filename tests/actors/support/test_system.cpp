#include "tests/actors/support/test_system.hpp"

#include <algorithm>

#include <caf/actor_registry.hpp>

#include "chat/limits.hpp"
#include "tests/actors/support/test_clock.hpp"

namespace parley::tests {

test_system::test_system() : actors_before_(sys.registry().running()) {
  client_handle_ = sys.spawn([this](caf::event_based_actor* client) {
    client_ = client;
    return caf::behavior{[](caf::unit_t) {
    }};
  });
  settle();
}

test_system::~test_system() {
  end_readers();
  caf::anon_send_exit(client_handle_, caf::exit_reason::user_shutdown);
  settle();
  client_handle_ = nullptr;
  if (sys.registry().running() != actors_before_)
    CAF_ERROR(
      "actors are left: " << (sys.registry().running() - actors_before_));
}

// -- running ------------------------------------------------------------------

void test_system::settle() {
  sched.run();
}

void test_system::advance(std::chrono::nanoseconds by) {
  settle();
  auto& clock = sched.clock();
  auto until = clock.now() + by;
  for (;;) {
    auto next = next_timer(clock);
    if (!next || *next > until)
      break;
    auto due = std::max(*next, clock.now());
    clock.advance_time(due - clock.now());
    settle();
  }
  clock.advance_time(until - clock.now());
  settle();
}

// -- reading ------------------------------------------------------------------

answer<subscribed> test_system::try_read(fake_reader& reader,
                                         const session_actor& session,
                                         seq_t after, std::uint32_t credit) {
  reader.count_credit(credit);
  auto made = send_request<subscribed>(session, subscribe{after, credit},
                                       reader.handle());
  settle();
  return made;
}

fake_reader test_system::make_reader(pace how) {
  fake_reader made{sys, how};
  readers_.push_back(made.handle());
  return made;
}

fake_reader test_system::read(const session_actor& session, seq_t after) {
  auto made = make_reader(pace::keeps_up);
  (void)try_read(made, session, after, limits::reader_credit).value();
  return made;
}

fake_reader test_system::read_slowly(const session_actor& session, seq_t after,
                                     std::uint32_t credit) {
  auto made = make_reader();
  (void)try_read(made, session, after, credit).value();
  return made;
}

void test_system::end_readers() {
  for (auto& reader : readers_)
    caf::anon_send_exit(reader, caf::exit_reason::user_shutdown);
  readers_.clear();
  settle();
}

} // namespace parley::tests
