#include "runtime/event_loops.hpp"

#include <future>

#include <boost/asio/post.hpp>
#include <gtest/gtest.h>

namespace parley::runtime {

namespace {

std::thread::id thread_of(boost::asio::io_context& loop) {
  std::promise<std::thread::id> told;
  boost::asio::post(loop,
                    [&told] { told.set_value(std::this_thread::get_id()); });
  return told.get_future().get();
}

} // namespace

TEST(event_loops, has_at_least_one_loop) {
  EXPECT_EQ(event_loops{0}.size(), 1u);
  EXPECT_EQ(event_loops{3}.size(), 3u);
}

TEST(event_loops, each_loop_has_one_thread_of_its_own) {
  event_loops loops{2};
  loops.run_threads();
  const auto first = thread_of(loops.at(0));
  const auto second = thread_of(loops.at(1));
  EXPECT_NE(first, second);
  EXPECT_NE(first, std::this_thread::get_id());
  EXPECT_EQ(first, thread_of(loops.at(0)));
  EXPECT_EQ(second, thread_of(loops.at(1)));
}

TEST(event_loops, an_idle_loop_keeps_running_until_it_is_stopped) {
  event_loops loops{1};
  loops.run_threads();
  thread_of(loops.at(0));
  thread_of(loops.at(0));
  EXPECT_FALSE(loops.at(0).stopped());
  loops.stop();
  EXPECT_TRUE(loops.at(0).stopped());
}

TEST(event_loops, stopping_twice_and_starting_twice_do_no_harm) {
  event_loops loops{2};
  loops.run_threads();
  loops.run_threads();
  loops.stop();
  loops.stop();
}

TEST(event_loops, may_go_without_having_run) {
  event_loops loops{2};
  boost::asio::post(loops.at(1), [] { FAIL() << "nobody runs it"; });
}

} // namespace parley::runtime
