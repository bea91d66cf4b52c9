#include "runtime/scheduler.hpp"

#include <chrono>
#include <future>
#include <memory>

#include <boost/asio/post.hpp>
#include <caf/action.hpp>
#include <caf/actor_clock.hpp>
#include <caf/actor_system.hpp>
#include <caf/init_global_meta_objects.hpp>
#include <gtest/gtest.h>

#include "runtime/event_loops.hpp"

namespace parley::runtime {

namespace {

// Runs it on the loop and waits for its end.
template <class Function>
void on_loop(boost::asio::io_context& loop, Function f) {
  std::promise<void> done;
  boost::asio::post(loop, [&] {
    f();
    done.set_value();
  });
  done.get_future().get();
}

template <class Function>
caf::disposable schedule(caf::actor_system& system,
                         std::chrono::nanoseconds delay, Function f) {
  auto& clock = system.clock();
  return clock.schedule(clock.now() + delay, caf::make_action(std::move(f)));
}

class loop_clock : public testing::Test {
protected:
  static void SetUpTestSuite() {
    caf::core::init_global_meta_objects();
  }
  void SetUp() override {
    if (!scheduler_runs_loops())
      GTEST_SKIP() << "with CAF 1.x the clock is CAF's own";
  }

  event_loops loops{1};
  system_config config{loops};
  caf::actor_system system{config};
};

} // namespace

// Most timers stand for what should not happen. A stream's are disposed of when
// it ends, and must not be kept for the minutes that they would have taken.
TEST_F(loop_clock, keeps_few_of_the_timers_that_were_disposed_of) {
  const auto held = std::make_shared<int>();
  on_loop(loops.at(0), [&] {
    for (int i = 0; i < 10'000; ++i)
      schedule(system, std::chrono::hours{1}, [held] {}).dispose();
  });
  // What was cancelled within that handler is let go of behind its end: before
  // the second one from here.
  on_loop(loops.at(0), [] {});
  on_loop(loops.at(0), [&] { EXPECT_LT(held.use_count(), 200); });
}

TEST_F(loop_clock, runs_the_timers_that_were_not_disposed_of) {
  std::promise<void> fired;
  on_loop(loops.at(0), [&] {
    schedule(system, std::chrono::milliseconds{1},
             [&fired] { fired.set_value(); });
    for (int i = 0; i < 1000; ++i)
      schedule(system, std::chrono::hours{1}, [] {}).dispose();
  });
  fired.get_future().get();
}

} // namespace parley::runtime
