#include "llm/http_response_parser.hpp"

#include <gtest/gtest.h>

namespace parley::llm {

namespace {

struct told final : http_response_parser::sink {
  int heads = 0;
  response_head head;
  std::string body;

  void on_head(const response_head& what) override {
    ++heads;
    head = what;
  }
  void on_body(std::string_view bytes) override {
    EXPECT_FALSE(bytes.empty());
    EXPECT_EQ(heads, 1);
    body += bytes;
  }
};

struct outcome {
  bool ok = true;
  bool complete = false;
  bool reusable = false;
  told heard;
};

outcome read(const std::vector<std::string_view>& pieces) {
  outcome made;
  http_response_parser parser;
  for (const auto piece : pieces)
    if (made.ok)
      made.ok = parser.feed(piece, made.heard).has_value();
  made.complete = parser.complete();
  made.reusable = parser.reusable();
  return made;
}

constexpr std::string_view chunked =
  "HTTP/1.1 100 Continue\r\n\r\n"
  "HTTP/1.1 200 OK\r\nContent-Type: Text/Event-Stream; charset=utf-8\r\n"
  "X-Other: a:b\r\nTransfer-Encoding: Chunked\r\n\r\n"
  "5\r\nhello\r\n0006;name=\"v\"\r\n world\r\n1 \r\n!\r\n"
  "0\r\nTrailer: x\r\n\r\n";

void expect_hello(const outcome& made) {
  EXPECT_TRUE(made.ok);
  EXPECT_TRUE(made.complete);
  EXPECT_TRUE(made.reusable);
  EXPECT_EQ(made.heard.heads, 1);
  EXPECT_EQ(made.heard.head.status, 200);
  EXPECT_EQ(made.heard.head.media_type, "text/event-stream");
  EXPECT_EQ(made.heard.body, "hello world!");
}

bool refused(std::string_view bytes) {
  return !read({bytes}).ok;
}

std::string with_fields(std::string_view fields, std::string_view body = "") {
  return "HTTP/1.1 200 OK\r\n" + std::string{fields} + "\r\n"
         + std::string{body};
}

} // namespace

TEST(http_response_parser, reads_the_same_however_a_response_is_cut) {
  expect_hello(read({chunked}));
  for (std::size_t i = 0; i <= chunked.size(); ++i) {
    for (std::size_t j = i; j <= chunked.size(); ++j) {
      const auto made = read(
        {chunked.substr(0, i), chunked.substr(i, j - i), chunked.substr(j)});
      ASSERT_TRUE(made.ok) << i << ' ' << j;
      ASSERT_EQ(made.heard.body, "hello world!") << i << ' ' << j;
      ASSERT_TRUE(made.reusable) << i << ' ' << j;
    }
  }
}

TEST(http_response_parser, reads_a_response_byte_by_byte) {
  std::vector<std::string_view> bytes;
  for (std::size_t i = 0; i < chunked.size(); ++i)
    bytes.push_back(chunked.substr(i, 1));
  expect_hello(read(bytes));
}

TEST(http_response_parser, is_complete_only_at_the_last_byte) {
  for (std::size_t i = 0; i < chunked.size(); ++i) {
    const auto made = read({chunked.substr(0, i)});
    ASSERT_TRUE(made.ok) << i;
    ASSERT_FALSE(made.complete) << i;
  }
}

TEST(http_response_parser, reads_counted_bodies) {
  const auto made = read({with_fields("Content-Length: 3\r\n", "abc")});
  EXPECT_TRUE(made.complete);
  EXPECT_TRUE(made.reusable);
  EXPECT_EQ(made.heard.body, "abc");
  EXPECT_TRUE(read({with_fields("Content-Length: 0\r\n")}).reusable);
  EXPECT_TRUE(read({with_fields("Content-Length: 1, 1\r\n", "a")}).complete);
  EXPECT_FALSE(read({with_fields("Content-Length: 3\r\n", "ab")}).complete);
}

TEST(http_response_parser, bytes_behind_the_end_spoil_the_connection) {
  const auto made = read({with_fields("Content-Length: 1\r\n", "ab")});
  EXPECT_TRUE(made.complete);
  EXPECT_FALSE(made.reusable);
  EXPECT_EQ(made.heard.body, "a");
}

TEST(http_response_parser, a_body_without_a_length_ends_with_the_connection) {
  told heard;
  http_response_parser parser;
  ASSERT_TRUE(parser.feed(with_fields("", "abc"), heard));
  EXPECT_FALSE(parser.complete());
  EXPECT_TRUE(parser.finish());
  EXPECT_FALSE(parser.reusable());
  EXPECT_EQ(heard.body, "abc");
}

TEST(http_response_parser, a_cut_response_is_not_complete) {
  told heard;
  http_response_parser parser;
  EXPECT_FALSE(parser.finish());
  ASSERT_TRUE(parser.feed(with_fields("Content-Length: 9\r\n", "abc"), heard));
  EXPECT_TRUE(parser.head_done());
  EXPECT_FALSE(parser.finish());
}

TEST(http_response_parser, knows_when_a_connection_ends) {
  EXPECT_FALSE(
    read({with_fields("Connection: close\r\nContent-Length: 0\r\n")}).reusable);
  EXPECT_FALSE(read({"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n"}).reusable);
  EXPECT_TRUE(read({"HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\n"
                    "Content-Length: 0\r\n\r\n"})
                .reusable);
  // Which of the two counts is a matter of taste, and of request smuggling.
  EXPECT_FALSE(
    read({with_fields("Content-Length: 9\r\nTransfer-Encoding: chunked\r\n",
                      "0\r\n\r\n")})
      .reusable);
}

TEST(http_response_parser, some_statuses_have_no_body) {
  EXPECT_TRUE(read({"HTTP/1.1 204 No Content\r\n\r\n"}).complete);
  EXPECT_TRUE(read({"HTTP/1.1 304 Not Modified\r\n\r\n"}).complete);
}

TEST(http_response_parser, takes_lone_line_feeds_and_missing_reasons) {
  const auto made = read({"HTTP/1.1 200\nContent-Length: 2\n\nok"});
  EXPECT_TRUE(made.complete);
  EXPECT_EQ(made.heard.body, "ok");
  EXPECT_TRUE(
    read({with_fields("Transfer-Encoding: chunked\n", "2\nok\n0\n\n")})
      .complete);
}

TEST(http_response_parser, refuses_what_is_no_http) {
  EXPECT_TRUE(refused("garbage"));
  EXPECT_TRUE(refused("<html>"));
  EXPECT_TRUE(refused("\n\n"));
  EXPECT_TRUE(refused("HTTP/2 200 OK\r\n\r\n"));
  EXPECT_TRUE(refused("HTTP/1.2 200 OK\r\n\r\n"));
  EXPECT_TRUE(refused("HTTP/1.1 20 OK\r\n\r\n"));
  EXPECT_TRUE(refused("HTTP/1.1 -20 OK\r\n\r\n"));
  EXPECT_TRUE(refused("HTTP/1.1 600 OK\r\n\r\n"));
  EXPECT_TRUE(refused("HTTP/1.1 2000\r\n\r\n"));
  EXPECT_TRUE(refused("HTTP/1.1 101 Switching Protocols\r\n\r\n"));
  EXPECT_TRUE(refused(with_fields("no colon\r\n")));
  EXPECT_TRUE(refused(with_fields(": no name\r\n")));
  EXPECT_TRUE(refused(with_fields("Name : value\r\n")));
  EXPECT_TRUE(refused(with_fields("A: b\r\n folded\r\n")));
}

TEST(http_response_parser, refuses_lengths_that_contradict) {
  EXPECT_TRUE(refused(with_fields("Content-Length: x\r\n")));
  EXPECT_TRUE(refused(with_fields("Content-Length:\r\n")));
  EXPECT_TRUE(refused(with_fields("Content-Length: -1\r\n")));
  EXPECT_TRUE(refused(with_fields("Content-Length: +1\r\n")));
  EXPECT_TRUE(refused(with_fields("Content-Length: 1, 2\r\n")));
  EXPECT_TRUE(
    refused(with_fields("Content-Length: 1\r\nContent-Length: 2\r\n")));
  EXPECT_TRUE(
    refused(with_fields("Content-Length: 99999999999999999999999\r\n")));
}

TEST(http_response_parser, refuses_codings_that_nobody_asked_for) {
  EXPECT_TRUE(refused(with_fields("Transfer-Encoding: gzip, chunked\r\n")));
  EXPECT_TRUE(refused(with_fields("Transfer-Encoding: identity\r\n")));
  EXPECT_TRUE(refused(with_fields("Content-Encoding: gzip\r\n")));
  EXPECT_FALSE(refused(with_fields("Content-Encoding: identity\r\n")));
}

TEST(http_response_parser, refuses_broken_chunks) {
  const auto chunk_refused = [](std::string_view body) {
    return refused(with_fields("Transfer-Encoding: chunked\r\n", body));
  };
  EXPECT_TRUE(chunk_refused("x\r\n"));
  EXPECT_TRUE(chunk_refused("\r\n"));
  EXPECT_TRUE(chunk_refused("-1\r\n"));
  EXPECT_TRUE(chunk_refused("2\r\nabc\r\n"));
  EXPECT_TRUE(chunk_refused("2\r\nab\r\r\n"));
  EXPECT_TRUE(chunk_refused("fffffffffffffffff\r\n"));
  EXPECT_TRUE(chunk_refused("ffffffffffffff\r\n"));
}

TEST(http_response_parser, bounds_everything_that_it_skips) {
  const std::string much(http_response_parser::max_head_bytes, 'a');
  EXPECT_TRUE(refused("HTTP/1.1 200 OK\r\nA: " + much));
  EXPECT_TRUE(refused("HTTP/1.1 200 OK\r\nA: " + much + "\r\n\r\n"));
  EXPECT_TRUE(refused(
    with_fields("Transfer-Encoding: chunked\r\n", "1;" + much + "\r\n")));
  EXPECT_TRUE(
    refused(with_fields("Transfer-Encoding: chunked\r\n", "0\r\nA: " + much)));
  std::string hints;
  for (int i = 0; i < 10'000; ++i)
    hints += "HTTP/1.1 103 Early Hints\r\n\r\n";
  EXPECT_TRUE(refused(hints));
}

TEST(http_response_parser, stays_broken) {
  told heard;
  http_response_parser parser;
  EXPECT_FALSE(parser.feed("garbage", heard));
  const auto again = parser.feed(with_fields("Content-Length: 0\r\n"), heard);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, errc::upstream_protocol);
  EXPECT_EQ(heard.heads, 0);
}

TEST(http_response_parser, keeps_what_a_refusal_needs) {
  const auto made = read({"HTTP/1.1 429 Slow down\r\nRetry-After:  7 \r\n"
                          "Date: x\r\nContent-Length: 0\r\n\r\n"});
  EXPECT_EQ(made.heard.head.retry_after, "7");
  EXPECT_EQ(made.heard.head.date, "x");
}

} // namespace parley::llm
