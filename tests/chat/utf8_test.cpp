#include "chat/utf8.hpp"

#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace parley::utf8 {
namespace {

const std::string smile = "\xF0\x9F\x99\x82";
const std::string replacement = "\xEF\xBF\xBD";

TEST(utf8, takes_every_well_formed_sequence) {
  for (const std::string good :
       {"", "a", "\x7F", "\xC2\x80", "\xDF\xBF", "\xE0\xA0\x80", "\xED\x9F\xBF",
        "\xEE\x80\x80", "\xEF\xBF\xBF", "\xF0\x90\x80\x80",
        "\xF4\x8F\xBF\xBF"}) {
    EXPECT_TRUE(is_valid(good));
    EXPECT_TRUE(is_valid("eight ch" + good + "and more text"));
    EXPECT_EQ(to_valid(good), good);
  }
  EXPECT_TRUE(is_valid(std::string(3, '\0')));
}

TEST(utf8, refuses_every_ill_formed_sequence) {
  for (const std::string bad :
       {"\x80", "\xBF", "\xC0\x80", "\xC1\xBF", "\xC2", "\xE0\x9F\xBF",
        "\xE1\x80", "\xED\xA0\x80", "\xED\xBF\xBF", "\xF0\x8F\xBF\xBF",
        "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xFF", "\xF0\x9F\x99"}) {
    EXPECT_FALSE(is_valid(bad));
    EXPECT_FALSE(is_valid("eight ch" + bad + "and more text"));
    EXPECT_TRUE(is_valid(to_valid(bad)));
  }
}

// The examples of Unicode's table 3-11, which the WHATWG decoder follows.
TEST(utf8, replaces_as_the_whatwg_decoder_does) {
  EXPECT_EQ(to_valid("a\xF1\x80\x80\xE1\x80\xC2"
                     "b\x80"
                     "c\x80\xBF"
                     "d"),
            "a" + replacement + replacement + replacement + "b" + replacement
              + "c" + replacement + replacement + "d");
  EXPECT_EQ(to_valid("\xED\xA0\x80"), replacement + replacement + replacement);
  EXPECT_EQ(to_valid("\xF0\x9F\x99"), replacement);
  EXPECT_EQ(to_valid("\xC0\xAF"), replacement + replacement);
}

TEST(utf8, counts_code_points) {
  EXPECT_EQ(length(""), 0u);
  EXPECT_EQ(length("abc"), 3u);
  EXPECT_EQ(length("a\xC3\xA4" + smile), 3u);
  // Around the places where the fast loop empties its lanes.
  for (const std::size_t size : {2039u, 2040u, 2041u, 2048u, 4080u, 100'000u}) {
    EXPECT_EQ(length(std::string(size, 'x')), size);
    std::string wide;
    for (std::size_t i = 0; i < size; ++i)
      wide += "\xC3\xA4";
    EXPECT_EQ(length(wide), size);
  }
}

TEST(utf8, finds_the_bytes_of_a_prefix) {
  const auto text = "a" + smile + "\xC3\xA4z";
  EXPECT_EQ(prefix_bytes(text, 0), 0u);
  EXPECT_EQ(prefix_bytes(text, 1), 1u);
  EXPECT_EQ(prefix_bytes(text, 2), 5u);
  EXPECT_EQ(prefix_bytes(text, 3), 7u);
  EXPECT_EQ(prefix_bytes(text, 4), 8u);
  EXPECT_EQ(prefix_bytes(text, 1000), 8u);
}

TEST(utf8, finds_the_boundary_at_or_before_an_offset) {
  const auto text = "a" + smile + "z";
  EXPECT_EQ(boundary_before(text, 0), 0u);
  EXPECT_EQ(boundary_before(text, 1), 1u);
  EXPECT_EQ(boundary_before(text, 2), 1u);
  EXPECT_EQ(boundary_before(text, 4), 1u);
  EXPECT_EQ(boundary_before(text, 5), 5u);
  EXPECT_EQ(boundary_before(text, 99), 6u);
}

TEST(utf8, prefixes_agree_with_counting_one_by_one) {
  std::mt19937 random{1};
  const std::vector<std::string> letters{"a", "\xC3\xA4", "\xE2\x82\xAC",
                                         smile};
  for (int round = 0; round < 200; ++round) {
    std::string text;
    std::vector<std::size_t> ends{0};
    for (auto n = random() % 80; n > 0; --n) {
      text += letters[random() % letters.size()];
      ends.push_back(text.size());
    }
    ASSERT_TRUE(is_valid(text));
    ASSERT_EQ(length(text), ends.size() - 1);
    for (std::size_t i = 0; i < ends.size(); ++i)
      ASSERT_EQ(prefix_bytes(text, i), ends[i]);
  }
}

TEST(utf8, arbitrary_bytes_become_valid_and_stay_so) {
  std::mt19937 random{2};
  for (int round = 0; round < 2000; ++round) {
    std::string bytes;
    for (auto n = random() % 20; n > 0; --n)
      bytes += static_cast<char>(random() % 4 == 0 ? random() % 128
                                                   : 128 + random() % 128);
    const auto text = to_valid(bytes);
    ASSERT_TRUE(is_valid(text));
    ASSERT_EQ(to_valid(text), text);
    ASSERT_EQ(is_valid(bytes), text == bytes);
  }
}

} // namespace
} // namespace parley::utf8
