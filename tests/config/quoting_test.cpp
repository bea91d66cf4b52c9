#include "config/quoting.hpp"

#include <gtest/gtest.h>

#include "chat/utf8.hpp"

namespace parley::config {
namespace {

std::string escaped(std::string_view text, std::size_t max_bytes = all_bytes) {
  std::string out;
  append_escaped(out, text, max_bytes);
  return out;
}

TEST(escaping, leaves_plain_text_alone) {
  for (auto text : {"", "abc", "größer", "日本語", "😀", "a=b c"})
    EXPECT_EQ(escaped(text), text);
}

TEST(escaping, keeps_a_line_one_line) {
  EXPECT_EQ(escaped("a\nb\r\tc"), "a\\nb\\r\\tc");
  EXPECT_EQ(escaped(std::string_view{"\0\x1b\x7f", 3}),
            "\\u0000\\u001b\\u007f");
  EXPECT_EQ(escaped("\u0085\u2028\u2029"), "\\u0085\\u2028\\u2029");
}

TEST(escaping, keeps_text_from_changing_the_direction_of_a_line) {
  EXPECT_EQ(escaped("\u202e\u2066\ufeff\u200f"),
            "\\u202e\\u2066\\ufeff\\u200f");
}

TEST(escaping, cannot_be_left_by_a_quote_or_a_backslash) {
  EXPECT_EQ(escaped("a\"b\\"), "a\\\"b\\\\");
}

TEST(escaping, replaces_invalid_utf8) {
  EXPECT_EQ(escaped("a\xff"
                    "b"),
            "a\ufffdb");
  EXPECT_EQ(escaped("\xed\xa0\x80"), "\ufffd\ufffd\ufffd");
}

TEST(escaping, cuts_between_characters) {
  EXPECT_EQ(escaped("abcd", 4), "abcd");
  EXPECT_EQ(escaped("abcde", 4), "abcd…");
  EXPECT_EQ(escaped("abcü", 4), "abc…");
  EXPECT_EQ(escaped("😀😀", 7), "😀…");
  EXPECT_EQ(escaped("ab\xff\xff\xff", 3), "ab…");
  for (std::size_t n = 0; n < 12; ++n)
    EXPECT_TRUE(utf8::is_valid(escaped("aü日😀\xf0\x9f", n))) << n;
}

TEST(plain_text, is_what_escaping_would_not_change) {
  for (auto text : {"", "abc", "größer", "a b", "a\"", "a\\", "\n", "\u202e",
                    "\xff", "\u0085", "日本語"})
    EXPECT_EQ(is_plain(text), escaped(text) == text) << escaped(text);
}

TEST(a_quoted_text, is_cut_after_80_bytes) {
  EXPECT_EQ(in_quotes("a\"b"), "\"a\\\"b\"");
  EXPECT_EQ(in_quotes(std::string(80, 'x')), '"' + std::string(80, 'x') + '"');
  EXPECT_EQ(in_quotes(std::string(81, 'x')),
            '"' + std::string(80, 'x') + "…\"");
}

TEST(a_toml_string, is_never_cut) {
  EXPECT_EQ(toml_string(std::string(5000, 'x')),
            '"' + std::string(5000, 'x') + '"');
}

} // namespace
} // namespace parley::config
