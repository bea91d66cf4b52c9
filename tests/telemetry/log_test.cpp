#include "telemetry/log.hpp"

#include <sstream>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace parley::telemetry {
namespace {

using config::log_format;
using config::log_level;

// What `writer` puts on standard error.
template <class F>
std::string captured(F writer) {
  testing::internal::CaptureStderr();
  writer();
  return testing::internal::GetCapturedStderr();
}

TEST(the_log, writes_lines_on_standard_error) {
  auto text = captured([] {
    log out{log_level::info, log_format::text};
    out.info("node.started", {{"port", 8080}});
    out.error("store.failed");
  });
  std::istringstream lines{text};
  std::string first;
  std::string second;
  std::string rest;
  EXPECT_TRUE(std::getline(lines, first));
  EXPECT_TRUE(std::getline(lines, second));
  EXPECT_FALSE(std::getline(lines, rest));
  EXPECT_TRUE(first.ends_with("Z info node.started port=8080")) << first;
  EXPECT_TRUE(second.ends_with("Z error store.failed")) << second;
}

TEST(the_log, writes_json_where_it_is_told_to) {
  auto text = captured([] {
    log out{log_level::info, log_format::json};
    out.warn("a", {{"b", "{}%v {1} %n"}});
  });
  EXPECT_TRUE(text.starts_with(R"({"time":")")) << text;
  EXPECT_TRUE(
    text.ends_with(R"(Z","level":"warn","event":"a","b":"{}%v {1} %n"})"
                   "\n"))
    << text;
}

TEST(the_log, leaves_out_what_is_below_its_level) {
  auto text = captured([] {
    log out{log_level::warn, log_format::text};
    out.trace("one");
    out.debug("two");
    out.info("three");
    out.warn("four");
    out.error("five");
  });
  EXPECT_EQ(text.find("one"), std::string::npos);
  EXPECT_EQ(text.find("two"), std::string::npos);
  EXPECT_EQ(text.find("three"), std::string::npos);
  EXPECT_NE(text.find(" warn four\n"), std::string::npos);
  EXPECT_NE(text.find(" error five\n"), std::string::npos);
}

TEST(the_log, writes_everything_at_trace) {
  auto text = captured([] {
    log out{log_level::trace, log_format::text};
    out.trace("one");
    out.debug("two");
  });
  EXPECT_NE(text.find(" trace one\n"), std::string::npos);
  EXPECT_NE(text.find(" debug two\n"), std::string::npos);
}

TEST(the_log, tells_which_levels_are_on) {
  log out{log_level::info, log_format::text};
  EXPECT_FALSE(out.enabled(log_level::trace));
  EXPECT_FALSE(out.enabled(log_level::debug));
  EXPECT_TRUE(out.enabled(log_level::info));
  EXPECT_TRUE(out.enabled(log_level::error));
}

TEST(the_log, says_nothing_when_it_is_made_without_a_level) {
  auto text = captured([] {
    log out;
    EXPECT_FALSE(out.enabled(log_level::error));
    out.error("x", {{"a", 1}});
  });
  EXPECT_EQ(text, "");
}

TEST(the_log, keeps_the_lines_of_many_threads_whole) {
  constexpr int writers = 4;
  constexpr int lines_each = 200;
  auto text = captured([] {
    log out{log_level::info, log_format::text};
    std::vector<std::thread> threads;
    for (int i = 0; i < writers; ++i)
      threads.emplace_back([&out, i] {
        std::string filler(100, static_cast<char>('a' + i));
        for (int n = 0; n < lines_each; ++n)
          out.info("event", {{"text", filler}});
      });
    for (auto& thread : threads)
      thread.join();
  });
  std::istringstream lines{text};
  int count = 0;
  for (std::string line; std::getline(lines, line); ++count) {
    ASSERT_GT(line.size(), 100u);
    auto filler = line.substr(line.size() - 100);
    EXPECT_EQ(filler, std::string(100, filler[0]));
    EXPECT_EQ(line.substr(24), " info event text=" + filler);
  }
  EXPECT_EQ(count, writers * lines_each);
}

} // namespace
} // namespace parley::telemetry
