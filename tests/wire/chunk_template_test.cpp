#include "wire/chunk_template.hpp"

#include <string>

#include <gtest/gtest.h>

namespace parley::wire {
namespace {

std::string chunk(std::string_view content, std::string_view created = "1") {
  return R"({"id":"x","created":)" + std::string{created}
         + R"(,"choices":[{"index":0,"delta":{"content":")"
         + std::string{content} + R"("},"finish_reason":null}]})";
}

void learn(chunk_template& to, std::string_view data) {
  const auto parsed = parse_completion_chunk(data);
  ASSERT_TRUE(parsed);
  to.learn(data, *parsed);
}

// What the template reads, or "(not read)".
std::string read(chunk_template& from, std::string_view data) {
  std::string text;
  return from.read(data, text) ? text : "(not read)";
}

TEST(chunk_template, reads_nothing_before_it_has_learned) {
  chunk_template x;
  EXPECT_EQ(read(x, chunk("a")), "(not read)");
}

TEST(chunk_template, reads_chunks_that_differ_in_their_content_only) {
  chunk_template x;
  learn(x, chunk("a"));
  EXPECT_EQ(read(x, chunk("b")), "b");
  EXPECT_EQ(read(x, chunk("")), "");
  EXPECT_EQ(read(x, chunk("longer, much longer")), "longer, much longer");
  EXPECT_EQ(read(x, chunk("b", "2")), "(not read)");
  learn(x, chunk("b", "2"));
  EXPECT_EQ(read(x, chunk("c", "2")), "c");
}

TEST(chunk_template, reads_escapes_as_the_parser_does) {
  chunk_template x;
  learn(x, chunk("a"));
  for (const auto* text :
       {R"(\n\"\\\/)", R"(\u00e9\ud83d\ude00)", R"(half \ud83d)", "\xFF\xC3"})
    EXPECT_EQ(read(x, chunk(text)),
              parse_completion_chunk(chunk(text))->content)
      << text;
  EXPECT_EQ(read(x, chunk(R"(\x)")), "(not read)");
  EXPECT_EQ(read(x, chunk("\\")), "(not read)");
}

TEST(chunk_template, does_not_take_members_for_text) {
  chunk_template x;
  learn(x, chunk("a"));
  EXPECT_EQ(read(x, chunk(R"(b","content":"c)")), "(not read)");
  EXPECT_EQ(read(x, chunk(R"(b"},"finish_reason":"stop","x":{"y":"z)")),
            "(not read)");
}

TEST(chunk_template, learns_only_a_place_that_is_all_of_the_content) {
  const std::string twice = R"({"choices":[{"delta":)"
                            R"({"content":"a","content":"b"}}]})";
  const std::string ignored = R"({"choices":[{"delta":{"content":"a"}},)"
                              R"({"index":1,"delta":{"content":"a"}}]})";
  const std::string finished = R"({"choices":[{"delta":{"content":"a"},)"
                               R"("finish_reason":"stop"}]})";
  for (const auto& data : {twice, ignored, finished}) {
    chunk_template x;
    learn(x, data);
    EXPECT_EQ(read(x, data), "(not read)") << data;
  }
}

TEST(chunk_template, takes_blanks_around_the_colon) {
  chunk_template x;
  learn(x, R"({"choices": [{"delta": {"content" : "a"}}]})");
  EXPECT_EQ(read(x, R"({"choices": [{"delta": {"content" : "b"}}]})"), "b");
}

TEST(chunk_template, gives_up_where_every_chunk_differs) {
  chunk_template x;
  for (auto i = 0; i < 100; ++i)
    learn(x, chunk("a", std::to_string(i)));
  EXPECT_EQ(read(x, chunk("a", "99")), "(not read)");
}

} // namespace
} // namespace parley::wire
