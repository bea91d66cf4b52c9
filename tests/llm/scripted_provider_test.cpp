#include "llm/scripted_provider.hpp"

#include <gtest/gtest.h>

#include "tests/llm/support.hpp"

namespace parley::llm {

namespace {

using test::asked;
using test::ear;

struct scripted : testing::Test {
  boost::asio::io_context loop;
  scripted_provider model;
  ear heard;

  std::unique_ptr<generation> start() {
    return model.start(asked("hi"), loop, heard.function());
  }
};

} // namespace

TEST_F(scripted, says_what_the_test_says_when_it_says_so) {
  const auto made = start();
  EXPECT_EQ(model.starts(), 1u);
  EXPECT_EQ(model.run(0).asked().messages.at(0).content, "hi");
  EXPECT_TRUE(heard.reports.empty());
  model.run(0).connect();
  model.run(0).emit("Hel");
  model.run(0).emit("lo");
  EXPECT_EQ(heard.connects, 1);
  EXPECT_EQ(heard.content, "Hello");
  model.run(0).finish();
  model.run(0).emit("late");
  model.run(0).fail(errc::internal);
  EXPECT_EQ(heard.content, "Hello");
  EXPECT_EQ(heard.ends, 1);
  EXPECT_EQ(heard.after_end, 0);
}

TEST_F(scripted, plays_a_script_up_to_each_stop) {
  model.play({connected{}, text("a"), stop_here{}, text("b"),
              failure(errc::upstream_failed, 500)});
  const auto made = start();
  EXPECT_EQ(heard.content, "a");
  model.last_run().advance();
  EXPECT_EQ(heard.content, "ab");
  ASSERT_TRUE(heard.failure);
  EXPECT_EQ(heard.failure->http_status, 500);
}

TEST_F(scripted, each_start_has_its_script_and_the_last_one_serves_the_rest) {
  model.play(
    {failure(errc::upstream_rate_limited, 429, std::chrono::seconds{1})});
  model.play({finished{}});
  const auto first = start();
  EXPECT_EQ(heard.failure->why.retry_after, std::chrono::seconds{1});
  for (int i = 0; i < 2; ++i) {
    ear next;
    const auto made = model.start(asked(""), loop, next.function());
    EXPECT_TRUE(next.finish);
  }
  EXPECT_EQ(model.starts(), 3u);
}

TEST_F(scripted, sees_whether_it_was_cancelled) {
  auto made = start();
  EXPECT_FALSE(model.run(0).destroyed());
  made.reset();
  EXPECT_TRUE(model.run(0).cancelled());
  model.run(0).emit("late");
  EXPECT_TRUE(heard.reports.empty());

  made = start();
  model.run(1).finish();
  made.reset();
  EXPECT_TRUE(model.run(1).destroyed());
  EXPECT_FALSE(model.run(1).cancelled());
}

TEST_F(scripted, holds_deltas_back_while_paused) {
  const auto made = start();
  made->pause();
  model.run(0).emit("a");
  model.run(0).finish();
  EXPECT_TRUE(heard.reports.empty());
  EXPECT_TRUE(model.run(0).paused());
  made->resume();
  EXPECT_EQ(heard.content, "a");
  EXPECT_TRUE(heard.ended());
  EXPECT_EQ(model.run(0).pauses(), 1u);
  EXPECT_EQ(model.run(0).resumes(), 1u);
}

TEST_F(scripted, lists_models_or_fails_to) {
  int answers = 0;
  model.list_models(
    loop, [&answers](const auto& models) { answers += models ? 1 : 0; });
  model.set_models(fail(errc::upstream_unreachable));
  model.list_models(
    loop, [&answers](const auto& models) { answers += models ? 0 : 10; });
  EXPECT_EQ(answers, 11);
}

} // namespace parley::llm
