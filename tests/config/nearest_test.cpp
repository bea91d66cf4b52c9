#include "config/nearest.hpp"

#include <array>
#include <string>

#include <gtest/gtest.h>

namespace parley::config {
namespace {

TEST(edit_distance, counts_insertions_deletions_replacements_and_swaps) {
  EXPECT_EQ(edit_distance("", ""), 0u);
  EXPECT_EQ(edit_distance("abc", "abc"), 0u);
  EXPECT_EQ(edit_distance("", "abc"), 3u);
  EXPECT_EQ(edit_distance("abc", ""), 3u);
  EXPECT_EQ(edit_distance("abc", "abxc"), 1u);
  EXPECT_EQ(edit_distance("abc", "ac"), 1u);
  EXPECT_EQ(edit_distance("abc", "abd"), 1u);
  EXPECT_EQ(edit_distance("abc", "bac"), 1u);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3u);
}

TEST(edit_distance, is_the_same_both_ways) {
  EXPECT_EQ(edit_distance("http.listen", "lisen"),
            edit_distance("lisen", "http.listen"));
}

TEST(edit_distance, looks_at_128_bytes_so_that_long_names_cost_little) {
  std::string long_name(1'000'000, 'a');
  EXPECT_EQ(edit_distance(long_name, "a"), 127u);
  EXPECT_EQ(edit_distance(long_name, long_name + "b"), 0u);
}

constexpr std::array<std::string_view, 4> names{
  "data-dir", "http.listen", "http.header-timeout", "sse.heartbeat"};

TEST(the_nearest_name, is_the_one_with_the_fewest_edits) {
  EXPECT_EQ(nearest("http.lisen", names), "http.listen");
  EXPECT_EQ(nearest("http.header_timeout", names), "http.header-timeout");
  EXPECT_EQ(nearest("datadir", names), "data-dir");
}

TEST(the_nearest_name, may_lack_its_group) {
  EXPECT_EQ(nearest("listen", names), "http.listen");
  EXPECT_EQ(nearest("haertbeat", names), "sse.heartbeat");
}

TEST(the_nearest_name, is_the_first_one_among_equals) {
  EXPECT_EQ(nearest("aa", std::array<std::string_view, 2>{"ab", "ac"}), "ab");
}

} // namespace
} // namespace parley::config
