#include "chat/conversation.hpp"

#include <string>

#include <gtest/gtest.h>

#include "chat/utf8.hpp"

namespace parley {
namespace {

TEST(derive_title, takes_a_short_message_as_it_is) {
  EXPECT_EQ(derive_title("What is a monad?"), "What is a monad?");
}

TEST(derive_title, takes_the_first_line_that_has_text) {
  EXPECT_EQ(derive_title("\r\n  \n\tHello there\nsecond line"), "Hello there");
  EXPECT_EQ(derive_title("one\rtwo"), "one");
}

TEST(derive_title, folds_white_space_and_control_characters) {
  EXPECT_EQ(derive_title(std::string{"a \t b\0c  ", 9}), "a b c");
}

TEST(derive_title, keeps_sixty_characters_whole) {
  const std::string sixty = std::string(29, 'a') + " " + std::string(30, 'b');
  EXPECT_EQ(derive_title(sixty), sixty);
  EXPECT_EQ(derive_title(sixty + " c"), sixty);
}

TEST(derive_title, cuts_at_the_last_word_that_fits) {
  const std::string first(40, 'a');
  EXPECT_EQ(derive_title(first + " " + std::string(20, 'b')), first);
}

TEST(derive_title, cuts_a_single_long_word_between_code_points) {
  std::string word;
  for (int i = 0; i < 100; ++i)
    word += "\xF0\x9F\x99\x82";
  const auto title = derive_title(word);
  EXPECT_TRUE(utf8::is_valid(title));
  EXPECT_EQ(utf8::length(title), 60u);
}

TEST(derive_title, is_empty_for_a_message_without_text) {
  EXPECT_EQ(derive_title(""), "");
  EXPECT_EQ(derive_title(" \n\t "), "");
}

} // namespace
} // namespace parley
