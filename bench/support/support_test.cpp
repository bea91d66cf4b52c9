// What the load client believes depends on these readers, so they are tested
// as strictly as the product: any cut gives the same, any fault shows.
#include "support/http_reader.hpp"
#include "support/json_scan.hpp"
#include "support/sse_reader.hpp"
#include "support/token.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

namespace parley::bench {

namespace {

std::string token_text(std::uint32_t index, std::int64_t sent_us) {
  std::array<char, token_bytes> text{};
  write_token(text, index, sent_us);
  return {text.data(), text.size()};
}

std::string accept_text(std::int64_t accepted_us) {
  std::array<char, accept_stamp_bytes> text{};
  write_accept_stamp(text, accepted_us);
  return {text.data(), text.size()};
}

std::vector<std::uint32_t> indexes(token_reader& reader,
                                   std::string_view text) {
  std::vector<std::uint32_t> result;
  reader.feed(text, [&result](const token& x) { result.push_back(x.index); });
  return result;
}

/// All that a client does with bytes, on two pieces of a stream.
std::string texts_of_answer(std::string_view bytes, std::size_t cut) {
  http_reader http;
  sse_reader events;
  std::string result;
  for (const auto piece : {bytes.substr(0, cut), bytes.substr(cut)})
    http.consume(piece, [&events, &result](auto body) {
      events.feed(body, [&result](auto data) {
        result.append(json_text(data, R"("chunk":")")).append("|");
      });
    });
  EXPECT_TRUE(http.complete());
  EXPECT_EQ(http.status(), 200);
  EXPECT_FALSE(events.partial());
  return result;
}

} // namespace

TEST(bench_readers, read_the_same_wherever_a_stream_is_cut) {
  constexpr std::string_view bytes =
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    "19\r\ndata: {\"chunk\":\"a\\\"b\"}\n\n:\r\n"
    "16;x=y\r\n ping\n\ndata:{\"chunk\":\"\r\n"
    "9\r\ncd\"}\nid: \r\n3\r\n5\n\n\r\n0\r\nTrailer: x\r\n\r\n";
  for (std::size_t cut = 0; cut <= bytes.size(); ++cut)
    EXPECT_EQ(texts_of_answer(bytes, cut), "a\\\"b|cd|") << "cut at " << cut;
}

TEST(bench_readers, take_no_byte_of_the_next_message) {
  http_reader reader;
  const std::string_view two =
    "POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\nabGET";
  std::string body;
  const auto taken =
    reader.consume(two, [&body](auto piece) { body.append(piece); });
  EXPECT_TRUE(reader.complete());
  EXPECT_EQ(body, "ab");
  EXPECT_EQ(two.substr(taken), "GET");
}

TEST(bench_readers, refuse_a_chunk_without_a_size) {
  http_reader reader;
  reader.consume("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
                 [](auto) {});
  EXPECT_TRUE(reader.failed());
}

TEST(bench_tokens, come_back_as_they_were_written) {
  const auto text =
    accept_text(42) + token_text(0, 1'234'567) + token_text(1, 1'234'568);
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    token_reader reader;
    std::vector<std::int64_t> sent;
    for (const auto& piece : {text.substr(0, cut), text.substr(cut)})
      reader.feed(piece,
                  [&sent](const token& x) { sent.push_back(x.sent_us); });
    EXPECT_EQ(sent, (std::vector<std::int64_t>{1'234'567, 1'234'568}));
    EXPECT_EQ(reader.accepted_us(), 42);
    EXPECT_EQ(reader.garbage_bytes(), 0U);
  }
}

TEST(bench_tokens, show_one_that_is_lost_or_doubled) {
  token_reader reader;
  const auto text = token_text(0, 1) + token_text(2, 1) + token_text(2, 1);
  EXPECT_EQ(indexes(reader, text), (std::vector<std::uint32_t>{0, 2, 2}));
}

TEST(bench_tokens, show_a_text_that_was_changed_or_cut_short) {
  token_reader changed;
  indexes(changed, "hello, how do you do? I am not a token");
  EXPECT_GT(changed.garbage_bytes(), 0U);
  token_reader cut_short;
  indexes(cut_short, token_text(0, 1).substr(0, 20));
  EXPECT_EQ(cut_short.garbage_bytes(), 20U);
}

TEST(bench_json, finds_members_with_and_without_blanks) {
  constexpr std::string_view json =
    R"({"text":"\"model\":\"no\"", "model" : "yes", "stream": true})";
  EXPECT_EQ(json_member(json, "model"), "yes");
  EXPECT_TRUE(json_is_true(json, "stream"));
  EXPECT_FALSE(json_is_true(json, "include_usage"));
  EXPECT_EQ(json_member(json, "missing"), "");
}

} // namespace parley::bench
