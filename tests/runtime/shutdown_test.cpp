// What an actor system with our scheduler leaves behind when it goes: nothing.
#include "runtime/scheduler.hpp"

#include <chrono>
#include <future>
#include <memory>

#include <caf/actor_system.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/init_global_meta_objects.hpp>
#include <caf/scheduled_actor.hpp>
#include <caf/send.hpp>
#include <gtest/gtest.h>

namespace parley::runtime {

namespace {

// Takes no request, and tells of the first that it was sent.
caf::behavior keeps_requests(caf::event_based_actor* self,
                             std::shared_ptr<std::promise<void>> asked) {
  self->set_default_handler([asked](caf::scheduled_actor*, caf::message&) {
    asked->set_value();
    return caf::skippable_result{caf::skip};
  });
  return {[](caf::tick_atom) {
  }};
}

} // namespace

TEST(scheduler, an_actor_that_waits_for_one_which_only_a_timer_holds_is_freed) {
  caf::core::init_global_meta_objects();
  auto held = std::make_shared<int>();
  const std::weak_ptr<int> left = held;
  {
    event_loops loops{2};
    system_config config{loops};
    caf::actor_system system{config};
    if (!scheduler_runs_loops())
      loops.run_threads();
    auto asked = std::make_shared<std::promise<void>>();
    auto was_asked = asked->get_future();
    auto silent = system.spawn<caf::hidden>(keeps_requests, std::move(asked));
    caf::delayed_anon_send(silent, std::chrono::hours{1}, caf::tick_atom_v);
    system.spawn<caf::hidden>(
      [silent, held = std::move(held)](caf::event_based_actor* self) {
        self->request(silent, caf::infinite, caf::get_atom_v)
          .then([held](int) {}, [held](const caf::error&) {});
      });
    silent = nullptr;
    was_asked.wait();
  }
  EXPECT_TRUE(left.expired());
}

} // namespace parley::runtime
