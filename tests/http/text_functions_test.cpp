// The pure functions around requests and answers.
#include <string>

#include <gtest/gtest.h>

#include "http/compression.hpp"
#include "http/content_check.hpp"
#include "http/cors.hpp"
#include "http/output_buffer.hpp"
#include "http/router.hpp"
#include "http/target.hpp"
#include "tests/http/support/gunzip.hpp"

namespace parley::http {

// -- router ------------------------------------------------------------------

namespace {

router make_routes() {
  router result;
  for (auto [which, pattern] : {
         std::pair{method::get, "/a"},
         std::pair{method::get, "/a/{id}"},
         std::pair{method::del, "/a/{id}"},
         std::pair{method::post, "/a/import"},
         std::pair{method::get, "/a/{id}/b/{other}"},
         std::pair{method::get, "/files/{path*}"},
         std::pair{method::get, "/"},
       })
    result.add({which, pattern, body_policy::none, {}});
  return result;
}

std::string found(const router& routes, method which, std::string_view path) {
  const auto match = routes.match(which, path);
  if (match.route == nullptr)
    return match.allow.empty() ? "404" : "405 " + match.allow;
  auto result = match.route->pattern;
  for (const auto& [name, value] : match.parameters)
    result.append(" ").append(name).append("=").append(value);
  return result;
}

} // namespace

TEST(router, finds_routes_by_method_and_path) {
  const auto routes = make_routes();
  EXPECT_EQ(found(routes, method::get, "/a"), "/a");
  EXPECT_EQ(found(routes, method::get, "/"), "/");
  EXPECT_EQ(found(routes, method::get, "/a/7"), "/a/{id} id=7");
  EXPECT_EQ(found(routes, method::get, "/a/7/b/8"),
            "/a/{id}/b/{other} id=7 other=8");
  EXPECT_EQ(found(routes, method::post, "/a/import"), "/a/import");
}

TEST(router, answers_head_with_the_route_of_get) {
  EXPECT_EQ(found(make_routes(), method::head, "/a"), "/a");
}

TEST(router, lists_the_methods_of_a_path) {
  const auto routes = make_routes();
  EXPECT_EQ(found(routes, method::post, "/a"), "405 GET, HEAD, OPTIONS");
  EXPECT_EQ(found(routes, method::put, "/a/7"),
            "405 GET, HEAD, DELETE, OPTIONS");
  EXPECT_EQ(found(routes, method::other, "/a/import"), "405 POST, OPTIONS");
}

TEST(router, takes_a_literal_path_for_no_parameter_whatever_the_method) {
  const auto routes = make_routes();
  EXPECT_EQ(found(routes, method::get, "/a/import"), "405 POST, OPTIONS");
  EXPECT_EQ(found(routes, method::del, "/a/import"), "405 POST, OPTIONS");
}

TEST(router, knows_no_path_that_is_nearly_right) {
  const auto routes = make_routes();
  for (auto path : {"", "a", "//", "//a", "/a/", "/a//", "/a/7/", "/A",
                    "/a/7/b", "/a//b/8", "/b", "/files", "/files/"})
    EXPECT_EQ(found(routes, method::get, path), "404") << path;
}

TEST(router, decodes_segments_one_by_one) {
  const auto routes = make_routes();
  EXPECT_EQ(found(routes, method::get, "/%61/x%2Fy"), "/a/{id} id=x/y");
  EXPECT_EQ(found(routes, method::get, "/files/x/y%20z"),
            "/files/{path*} path=x/y z");
}

// -- targets -----------------------------------------------------------------

TEST(target, keeps_the_order_and_repetition_of_query_parameters) {
  const auto parts = parse_target("/p?b=1&a&b=2&&=x&c=d=e");
  ASSERT_TRUE(parts);
  const std::vector<std::pair<std::string, std::string>> expected{
    {"b", "1"}, {"a", ""}, {"b", "2"}, {"", "x"}, {"c", "d=e"}};
  EXPECT_EQ(parts->query, expected);
}

TEST(target, takes_an_origin_without_a_path_as_its_root) {
  EXPECT_EQ(parse_target("http://host")->path, "/");
  EXPECT_EQ(parse_target("http://host?a=b")->path, "/");
  EXPECT_EQ(parse_target("http://host?a=b")->query.size(), 1u);
  EXPECT_FALSE(parse_target("http://"));
  EXPECT_FALSE(parse_target("http:///a"));
}

// -- compression -------------------------------------------------------------

TEST(accept_encoding, is_weighed_as_rfc_9110_says) {
  struct {
    const char* header;
    bool gzip;
  } const cases[] = {
    {"", false},
    {"gzip", true},
    {"GZIP", true},
    {"x-gzip", true},
    {"deflate, gzip;q=1.0, *;q=0.5", true},
    {"gzip;q=0", false},
    {"gzip;q=0.0", false},
    {"gzip;q=0.001", true},
    {"gzip; q=0.5", true},
    {"gzip;Q=0", false},
    {"*", true},
    {"*;q=0", false},
    {"gzip;q=0, *", false},
    {"identity", false},
    {"br", false},
    {"identity;q=0.5, gzip;q=0.4", false},
    {"identity;q=0.5, gzip;q=0.5", true},
    {"gzip;q=nonsense", false},
    {"gzip;q=2", false},
    {"gzipped", false},
    {",, gzip ,", true},
  };
  for (const auto& each : cases)
    EXPECT_EQ(accepts_gzip(each.header), each.gzip) << each.header;
}

TEST(gzip, gives_back_what_went_in) {
  std::string text;
  for (int i = 0; i < 50'000; ++i)
    text += std::to_string(i * 7919);
  EXPECT_EQ(gunzip(gzip(text)), text);
  EXPECT_EQ(gunzip(gzip("")), "");
}

TEST(gzip_stream, can_be_decoded_after_every_write) {
  gzip_stream encoder;
  std::string bytes;
  std::string text;
  for (int i = 0; i < 100; ++i) {
    const auto piece = "data: " + std::to_string(i) + "\n\n";
    text += piece;
    bytes += encoder.encode(piece);
    EXPECT_EQ(gunzip_prefix(bytes), text);
  }
  bytes += encoder.finish();
  EXPECT_EQ(gunzip(bytes), text);
}

TEST(gzip_stream, takes_pieces_larger_than_its_buffers) {
  gzip_stream encoder;
  std::string text;
  for (unsigned x = 1; text.size() < 300'000; x = x * 1664525 + 1013904223)
    text += static_cast<char>(x >> 24);
  auto bytes = encoder.encode(text);
  EXPECT_EQ(gunzip_prefix(bytes), text);
  bytes += encoder.finish();
  EXPECT_EQ(gunzip(bytes), text);
}

TEST(is_compressible, takes_text_and_json) {
  for (auto type : {"application/json", "application/problem+json",
                    "text/markdown; charset=utf-8", "text/html"})
    EXPECT_TRUE(is_compressible(type)) << type;
  for (auto type : {"image/png", "application/gzip", ""})
    EXPECT_FALSE(is_compressible(type)) << type;
}

// -- content of requests -----------------------------------------------------

TEST(json_content, needs_a_content_type_that_says_so) {
  const auto passes =
    [](std::vector<std::pair<std::string, std::string>> with) {
      request head;
      head.headers = std::move(with);
      return !check_json_content(head);
    };
  EXPECT_FALSE(passes({}));
  EXPECT_TRUE(passes({{"content-type", "application/json"}}));
  EXPECT_TRUE(
    passes({{"content-type", "Application/JSON ; Charset=\"UTF-8\""}}));
  EXPECT_TRUE(passes({{"content-type", "application/json; version=1"}}));
  EXPECT_FALSE(passes({{"content-type", "application/json; charset=latin1"}}));
  EXPECT_FALSE(passes({{"content-type", "text/plain"}}));
  EXPECT_FALSE(passes({{"content-type", "application/jsonp"}}));
  EXPECT_FALSE(passes({{"content-type", ""}}));
  EXPECT_TRUE(passes(
    {{"content-type", "application/json"}, {"content-encoding", "identity"}}));
  EXPECT_FALSE(passes(
    {{"content-type", "application/json"}, {"content-encoding", "gzip"}}));
}

// -- CORS --------------------------------------------------------------------

TEST(cors_policy, names_the_origin_only_when_it_is_listed) {
  const cors_policy policy{{"https://a.example", "https://b.example"}};
  std::string head;
  policy.append_headers(head, "https://b.example");
  EXPECT_NE(head.find("Access-Control-Allow-Origin: https://b.example\r\n"),
            std::string::npos);
  EXPECT_NE(head.find("Vary: Origin\r\n"), std::string::npos);
  head.clear();
  policy.append_headers(head, "https://b.example.evil");
  EXPECT_EQ(head, "Vary: Origin\r\n");
  head.clear();
  policy.append_headers(head, "");
  EXPECT_EQ(head, "Vary: Origin\r\n");
}

TEST(cors_policy, says_nothing_unless_configured) {
  std::string head;
  cors_policy{{}}.append_headers(head, "https://a.example");
  EXPECT_EQ(head, "");
}

TEST(cors_policy, allows_any_origin_as_a_star) {
  std::string head;
  cors_policy{{"*"}}.append_headers(head, "https://a.example");
  EXPECT_NE(head.find("Access-Control-Allow-Origin: *\r\n"), std::string::npos);
  EXPECT_EQ(head.find("Vary"), std::string::npos);
}

// -- output ------------------------------------------------------------------

namespace {

std::string bytes_of(const output_buffer::gathered& buffers) {
  std::string result;
  for (const auto& each : buffers)
    result.append(static_cast<const char*>(each.data()), each.size());
  return result;
}

} // namespace

TEST(output_buffer, gives_out_what_was_pushed_whatever_is_consumed_at_once) {
  std::string all;
  for (int i = 0; i < 40; ++i)
    all += std::string(static_cast<std::size_t>(i * 97 + 1),
                       static_cast<char>('a' + i % 26));
  for (const std::size_t step : {101, 1000, 5000, 1 << 20}) {
    output_buffer buffer;
    for (int i = 0; i < 40; ++i)
      buffer.push(std::string(static_cast<std::size_t>(i * 97 + 1),
                              static_cast<char>('a' + i % 26)));
    ASSERT_EQ(buffer.bytes(), all.size());
    std::string sent;
    while (!buffer.empty()) {
      auto front = bytes_of(buffer.front());
      ASSERT_FALSE(front.empty());
      front.resize(std::min(front.size(), step));
      sent += front;
      buffer.consume(front.size());
    }
    EXPECT_EQ(sent, all);
  }
}

TEST(output_buffer, appends_behind_what_is_half_sent) {
  output_buffer buffer;
  buffer.append("abc");
  buffer.consume(2);
  buffer.append("def");
  EXPECT_EQ(bytes_of(buffer.front()), "cdef");
}

} // namespace parley::http
