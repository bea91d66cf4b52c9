#include "chat/id.hpp"

#include <set>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace parley {
namespace {

TEST(id, tells_its_time_and_its_node) {
  id_generator ids{node_tag{0x1ABCDE}};
  const timestamp when{1'795'372'800'123};
  const auto made = ids.next<conversation_id>(when);
  EXPECT_EQ(made.time(), when);
  EXPECT_EQ(made.node(), node_tag{0x1ABCDE});
  EXPECT_TRUE(made.str().starts_with("conv_"));
  EXPECT_EQ(made.str().size(), 5u + 26u);
}

TEST(id, parses_what_it_prints_and_nothing_else) {
  id_generator ids{node_tag{7}};
  const auto made = ids.next<message_id>();
  EXPECT_EQ(message_id::parse(made.str()), made);
  EXPECT_FALSE(stream_id::parse(made.str()));
  EXPECT_FALSE(message_id::parse(made.str() + "0"));
  EXPECT_FALSE(message_id::parse(made.str().substr(0, 29)));
  EXPECT_FALSE(message_id::parse(""));
  for (const char wrong : {'i', 'l', 'o', 'u', 'A', '-', '\0', '\xC3'}) {
    auto text = made.str();
    text.back() = wrong;
    EXPECT_FALSE(message_id::parse(text)) << int{wrong};
  }
}

TEST(id_generator, ids_rise_strictly_within_a_millisecond) {
  id_generator ids{node_tag{1}};
  auto last = ids.next<stream_id>(timestamp{1000});
  for (int i = 0; i < 10'000; ++i) {
    auto next = ids.next<stream_id>(timestamp{1000});
    ASSERT_LT(last, next);
    last = std::move(next);
  }
}

TEST(id_generator, ids_rise_when_the_clock_is_set_back) {
  id_generator ids{node_tag{1}};
  const auto before = ids.next<stream_id>(timestamp{5000});
  EXPECT_LT(before, ids.next<stream_id>(timestamp{4000}));
  EXPECT_LT(before, ids.next<stream_id>(timestamp{-1}));
}

TEST(id_generator, sorts_by_time_before_node) {
  id_generator low{node_tag{0}};
  id_generator high{node_tag{node_tag::max}};
  EXPECT_LT(high.next<message_id>(timestamp{1}),
            low.next<message_id>(timestamp{2}));
}

TEST(id_generator, gives_each_thread_ids_of_its_own) {
  id_generator ids{node_tag{1}};
  std::vector<std::vector<stream_id>> made(4);
  {
    std::vector<std::jthread> threads;
    for (auto& mine : made)
      threads.emplace_back([&ids, &mine] {
        for (int i = 0; i < 1000; ++i)
          mine.push_back(ids.next<stream_id>(timestamp{1}));
      });
  }
  std::set<stream_id> all;
  for (const auto& mine : made)
    all.insert(mine.begin(), mine.end());
  EXPECT_EQ(all.size(), 4000u);
}

} // namespace
} // namespace parley
