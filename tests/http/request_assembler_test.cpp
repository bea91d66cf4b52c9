#include "http/request_assembler.hpp"

#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "chat/limits.hpp"

namespace parley::http {

namespace {

using state = request_assembler::state;

constexpr std::uint64_t max_body = 100;

// Feeds `parts` as reads of a connection would come.
struct fed {
  request_assembler assembler{max_body};
  std::string pending;

  void feed(std::string_view bytes) {
    pending += bytes;
    for (;;) {
      const auto before = assembler.now();
      const auto taken = assembler.feed(pending);
      pending.erase(0, taken);
      if (assembler.now() == state::head_done)
        assembler.proceed(body_use::keep);
      if (assembler.now() == before || pending.empty())
        return;
    }
  }
};

int refused_status(const fed& x) {
  if (x.assembler.now() != state::refused)
    return 0;
  const auto& why = x.assembler.why();
  return why.status != 0 ? why.status : info(why.what.code).http_status;
}

struct bad_request {
  const char* name;
  std::string bytes;
  int status;
};

const bad_request bad_requests[] = {
  {"garbage", "\x16\x03\x01\x02", 400},
  {"no version", "GET /\r\n\r\n", 400},
  {"a version of letters", "GET / HTTP/x.y\r\nHost: a\r\n\r\n", 400},
  {"lower-case http", "GET / http/1.1\r\nHost: a\r\n\r\n", 400},
  {"HTTP/2.0", "GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505},
  {"HTTP/2's preface", "PRI * HTTP/2.0\r\n\r\n", 505},
  {"HTTP/1.2", "GET / HTTP/1.2\r\nHost: a\r\n\r\n", 505},
  {"two blanks", "GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
  {"a blank in the target", "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", 400},
  {"no target", "GET HTTP/1.1\r\nHost: a\r\n\r\n", 400},
  {"no Host", "GET / HTTP/1.1\r\n\r\n", 400},
  {"two Hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400},
  {"a Host with a path", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400},
  {"a Host with a user", "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", 400},
  {"a header without colon", "GET / HTTP/1.1\r\nHost: a\r\nfoo\r\n\r\n", 400},
  {"a header without name", "GET / HTTP/1.1\r\nHost: a\r\n: x\r\n\r\n", 400},
  {"a blank before the colon", "GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400},
  {"a folded header", "GET / HTTP/1.1\r\nHost: a\r\nX: 1\r\n 2\r\n\r\n", 400},
  {"a fold by tab", "GET / HTTP/1.1\r\nHost: a\r\nX: 1\r\n\t2\r\n\r\n", 400},
  {"a NUL in a header",
   std::string{"GET / HTTP/1.1\r\nHost: a\r\nX: "} + '\0' + "\r\n\r\n", 400},
  {"a DEL in a header", "GET / HTTP/1.1\r\nHost: a\r\nX: \x7f\r\n\r\n", 400},
  {"a bare line feed", "GET / HTTP/1.1\nHost: a\n\n", 400},
  {"a bare carriage return", "GET / HTTP/1.1\r\nHost: a\rX: b\r\n\r\n", 400},
  {"length and chunks",
   "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n"
   "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
   400},
  {"chunks and length",
   "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n"
   "Content-Length: 1\r\n\r\n0\r\n\r\n",
   400},
  {"lengths that differ",
   "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n"
   "Content-Length: 2\r\n\r\nab",
   400},
  {"a list of lengths",
   "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1, 2\r\n\r\nab", 400},
  {"a negative length",
   "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", 400},
  {"a length with a sign",
   "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\na", 400},
  {"a hexadecimal length",
   "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0x1\r\n\r\na", 400},
  {"a length beyond 64 bits",
   "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: "
   "99999999999999999999999\r\n\r\n",
   400},
  {"an empty length", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length:\r\n\r\n",
   400},
  {"another coding",
   "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n", 400},
  {"two codings",
   "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
   400},
  {"chunked twice",
   "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n"
   "Transfer-Encoding: chunked\r\n\r\n",
   400},
  {"a coding in disguise",
   "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n", 400},
  {"chunks in HTTP/1.0",
   "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
  {"a chunk size of letters",
   "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
   400},
  {"a chunk without its line end",
   "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
   "1\r\nabc\r\n0\r\n\r\n",
   400},
  {"a chunk size beyond 64 bits",
   "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
   "fffffffffffffffff\r\n",
   400},
  {"a length above the limit",
   "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 101\r\n\r\n", 413},
  {"a chunk above the limit",
   "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n65\r\n",
   413},
  {"a bad percent sequence", "GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n", 400},
  {"an unfinished percent sequence", "GET /%4 HTTP/1.1\r\nHost: a\r\n\r\n",
   400},
  {"an encoded NUL", "GET /%00 HTTP/1.1\r\nHost: a\r\n\r\n", 400},
  {"a path that is not UTF-8", "GET /%ff HTTP/1.1\r\nHost: a\r\n\r\n", 400},
  {"a query that is not UTF-8", "GET /?a=%c3 HTTP/1.1\r\nHost: a\r\n\r\n", 400},
  {"a target without slash", "GET hello HTTP/1.1\r\nHost: a\r\n\r\n", 400},
  {"the form of CONNECT", "CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n", 400},
  {"another scheme", "GET ftp://a/b HTTP/1.1\r\nHost: a\r\n\r\n", 400},
  {"a fragment", "GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n", 400},
  {"an asterisk without OPTIONS", "GET * HTTP/1.1\r\nHost: a\r\n\r\n", 400},
};

} // namespace

TEST(request_assembler, refuses_what_is_malformed) {
  for (const auto& bad : bad_requests) {
    fed whole;
    whole.feed(bad.bytes);
    EXPECT_EQ(refused_status(whole), bad.status) << bad.name;
  }
}

TEST(request_assembler, refuses_the_same_however_the_bytes_are_split) {
  for (const auto& bad : bad_requests) {
    for (std::size_t at = 0; at <= bad.bytes.size(); ++at) {
      fed x;
      x.feed(std::string_view{bad.bytes}.substr(0, at));
      x.feed(std::string_view{bad.bytes}.substr(at));
      EXPECT_EQ(refused_status(x), bad.status) << bad.name << " at " << at;
    }
  }
}

TEST(request_assembler, takes_a_body_of_announced_length) {
  const std::string bytes = "POST /a%20b?x=1&y=%C3%A4+z HTTP/1.1\r\n"
                            "Host: a\r\nX-Thing:  value \r\n"
                            "Content-Length: 5\r\n\r\nhellonext";
  for (std::size_t at = 0; at <= bytes.size(); ++at) {
    fed x;
    x.feed(std::string_view{bytes}.substr(0, at));
    x.feed(std::string_view{bytes}.substr(at));
    ASSERT_EQ(x.assembler.now(), state::complete) << at;
    const auto request = x.assembler.take();
    EXPECT_EQ(request.method, method::post);
    EXPECT_EQ(request.path, "/a b");
    EXPECT_EQ(request.query_value("x"), "1");
    EXPECT_EQ(request.query_value("y"), "ä z");
    EXPECT_EQ(request.header("x-thing"), "value");
    EXPECT_EQ(request.body, "hello");
    EXPECT_EQ(x.pending, "next");
  }
}

TEST(request_assembler, takes_a_chunked_body_however_it_is_split) {
  const std::string bytes =
    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    "5;ext=\"a\"\r\nhello\r\n1\r\n \r\nA\r\n0123456789\r\n"
    "0\r\nTrailer: x\r\n\r\nnext";
  for (std::size_t at = 0; at <= bytes.size(); ++at) {
    fed x;
    x.feed(std::string_view{bytes}.substr(0, at));
    x.feed(std::string_view{bytes}.substr(at));
    ASSERT_EQ(x.assembler.now(), state::complete) << at;
    EXPECT_EQ(x.assembler.take().body, "hello 0123456789") << at;
    EXPECT_EQ(x.pending, "next") << at;
  }
}

TEST(request_assembler, takes_a_request_byte_by_byte) {
  fed x;
  for (char byte : std::string{"POST / HTTP/1.1\r\nHost: a\r\n"
                               "Transfer-Encoding: chunked\r\n\r\n"
                               "3\r\nabc\r\n0\r\n\r\n"})
    x.feed({&byte, 1});
  ASSERT_EQ(x.assembler.now(), state::complete);
  EXPECT_EQ(x.assembler.take().body, "abc");
}

TEST(request_assembler, counts_all_chunks_together) {
  fed x;
  x.feed("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
  for (int i = 0; i < 10; ++i)
    x.feed("a\r\n0123456789\r\n");
  EXPECT_EQ(x.assembler.now(), state::body);
  x.feed("1\r\n");
  EXPECT_EQ(refused_status(x), 413);
}

TEST(request_assembler, takes_a_body_of_exactly_the_limit) {
  fed x;
  x.feed("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n"
         + std::string(max_body, 'x'));
  ASSERT_EQ(x.assembler.now(), state::complete);
  EXPECT_EQ(x.assembler.take().body.size(), max_body);
}

TEST(request_assembler, forgets_a_body_that_nobody_wants) {
  request_assembler x{max_body};
  const std::string bytes =
    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc";
  const auto head = x.feed(bytes);
  x.proceed(body_use::discard);
  EXPECT_EQ(x.feed(bytes.substr(head)), 3u);
  ASSERT_EQ(x.now(), state::complete);
  EXPECT_EQ(x.take().body, "");
}

TEST(request_assembler, refuses_a_head_above_the_limit) {
  fed x;
  x.feed("GET / HTTP/1.1\r\nHost: a\r\nX: "
         + std::string(limits::max_header_bytes, 'x'));
  EXPECT_EQ(refused_status(x), 431);
}

TEST(request_assembler, takes_a_head_of_exactly_the_limit) {
  const std::string start = "GET / HTTP/1.1\r\nHost: a\r\nX: ";
  for (const std::size_t more : {0, 1}) {
    const auto fill = limits::max_header_bytes - start.size() - 4 + more;
    fed x;
    x.feed(start + std::string(fill, 'x') + "\r\n\r\n");
    EXPECT_EQ(refused_status(x), more == 0 ? 0 : 431);
  }
}

TEST(request_assembler, refuses_a_chunk_line_without_end) {
  fed x;
  x.feed("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1;");
  for (int i = 0; i < 40; ++i)
    x.feed(std::string(1024, 'x'));
  EXPECT_EQ(refused_status(x), 400);
}

TEST(request_assembler, refuses_trailers_without_end) {
  fed x;
  x.feed("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
         "0\r\n");
  for (int i = 0; i < 40; ++i)
    x.feed("X: " + std::string(1021, 'x') + "\r\n");
  EXPECT_EQ(refused_status(x), 400);
}

TEST(request_assembler, takes_the_absolute_form) {
  fed x;
  x.feed("GET HTTP://other:80/a?b=c HTTP/1.1\r\nHost: a\r\n\r\n");
  ASSERT_EQ(x.assembler.now(), state::complete);
  const auto request = x.assembler.take();
  EXPECT_EQ(request.path, "/a");
  EXPECT_EQ(request.query_value("b"), "c");
}

TEST(request_assembler, takes_equal_lengths_twice) {
  fed x;
  x.feed("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n"
         "Content-Length: 1\r\n\r\nx");
  ASSERT_EQ(x.assembler.now(), state::complete);
  EXPECT_EQ(x.assembler.take().body, "x");
}

TEST(request_assembler, knows_when_the_connection_stays) {
  struct {
    const char* line_and_headers;
    bool keep_alive;
  } const cases[] = {
    {"GET / HTTP/1.1\r\nHost: a\r\n", true},
    {"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n", false},
    {"GET / HTTP/1.1\r\nHost: a\r\nConnection: x, Close\r\n", false},
    {"GET / HTTP/1.0\r\n", false},
    {"GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n", true},
    {"GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n", false},
  };
  for (const auto& each : cases) {
    request_assembler x{max_body};
    const auto bytes = std::string{each.line_and_headers} + "\r\n";
    EXPECT_EQ(x.feed(bytes), bytes.size());
    ASSERT_EQ(x.now(), state::head_done) << each.line_and_headers;
    EXPECT_EQ(x.head().keep_alive, each.keep_alive) << each.line_and_headers;
  }
}

TEST(request_assembler, takes_over_a_well_formed_request_id_only) {
  const auto id_of = [](const std::string& value) {
    request_assembler x{max_body};
    (void)x.feed("GET / HTTP/1.1\r\nHost: a\r\nX-Request-Id: " + value
                 + "\r\n\r\n");
    return x.head().request.id;
  };
  EXPECT_EQ(id_of("abc-123"), "abc-123");
  EXPECT_EQ(id_of(std::string(128, 'x')), std::string(128, 'x'));
  EXPECT_EQ(id_of(std::string(129, 'x')), "");
  EXPECT_EQ(id_of("a b"), "");
  EXPECT_EQ(id_of("\xc3\xa4"), "");
  EXPECT_EQ(id_of(""), "");
}

TEST(head_sketch, tells_what_a_broken_head_still_says) {
  const auto sketch = sketch_head("HEAD /v1/models?x=1 HTTP/1.1\r\n"
                                  "origin:  https://a.example \r\n"
                                  "X-Request-Id: abc\r\nfoo");
  EXPECT_EQ(sketch.path, "/v1/models");
  EXPECT_EQ(sketch.origin, "https://a.example");
  EXPECT_EQ(sketch.request_id, "abc");
  EXPECT_TRUE(sketch.is_head_method);
}

TEST(head_sketch, does_not_believe_a_line_that_was_cut) {
  EXPECT_EQ(sketch_head("GET / HTTP/1.1\r\nOrigin: https://a.exam").origin, "");
}

} // namespace parley::http
