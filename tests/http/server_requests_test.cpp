// Plain requests against a real server.
#include <string>

#include <gtest/gtest.h>

#include "tests/http/support/gunzip.hpp"
#include "tests/http/support/raw_client.hpp"
#include "tests/http/support/test_server.hpp"

namespace parley::http::testing {

TEST(server, answers_a_request) {
  test_server server;
  raw_client client{server.port()};
  client.send(get("/hello"));
  const auto answer = client.read();
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "hello");
  EXPECT_EQ(answer.header("content-type"), "text/plain; charset=utf-8");
  EXPECT_EQ(answer.header("content-length"), "5");
  EXPECT_EQ(answer.header("server"), "parley");
  EXPECT_TRUE(answer.header("x-request-id").starts_with("req_"));
  EXPECT_TRUE(answer.header("date").ends_with(" GMT"));
  EXPECT_FALSE(answer.has("connection"));
  EXPECT_FALSE(answer.has("vary"));
}

TEST(server, gives_every_request_an_id_of_its_own) {
  test_server server;
  raw_client client{server.port()};
  client.send(get("/hello") + get("/hello"));
  EXPECT_NE(client.read().header("x-request-id"),
            client.read().header("x-request-id"));
}

TEST(server, gives_back_the_clients_request_id) {
  test_server server;
  raw_client client{server.port()};
  client.send(get("/hello", "X-Request-Id: mine-1\r\n"));
  EXPECT_EQ(client.read().header("x-request-id"), "mine-1");
  client.send(get("/nowhere", "X-Request-Id: mine-2\r\n"));
  const auto answer = client.read();
  EXPECT_EQ(answer.header("x-request-id"), "mine-2");
  EXPECT_NE(answer.body.find("\"request_id\":\"mine-2\""), std::string::npos);
}

TEST(server, decodes_path_and_query) {
  test_server server;
  raw_client client{server.port()};
  client.send(get("/items/a%2Fb%20c?x=1&y=%C3%A4+b"));
  EXPECT_EQ(client.read().body, "a/b c|x=1|y=ä b");
}

TEST(server, gives_the_same_answer_for_every_split_of_a_request) {
  test_server server;
  raw_client client{server.port()};
  const auto request = post("/echo", R"({"a":1})");
  for (std::size_t at = 1; at < request.size(); ++at) {
    client.send(std::string_view{request}.substr(0, at));
    // A whole request on another connection makes sure that the first part
    // was read before the second is sent.
    raw_client other{server.port()};
    other.send(get("/hello"));
    ASSERT_EQ(other.read().status, 200);
    client.send(std::string_view{request}.substr(at));
    ASSERT_EQ(client.read().body, R"({"a":1})") << at;
  }
}

TEST(server, answers_pipelined_requests_in_order) {
  test_server server;
  raw_client client{server.port()};
  std::string requests;
  for (int i = 0; i < 100; ++i)
    requests += get("/items/" + std::to_string(i));
  client.send(requests);
  for (int i = 0; i < 100; ++i)
    ASSERT_EQ(client.read().body, std::to_string(i));
}

TEST(server, answers_pipelined_requests_behind_one_that_takes_long) {
  test_server server;
  raw_client client{server.port()};
  client.send(get("/later") + get("/items/2") + get("/items/3"));
  auto owed = server.exchanges.pop();
  auto& loop = owed->loop();
  test_server::on_loop(loop, [&owed] {
    response first;
    first.body = "1";
    owed->respond(std::move(first));
    owed.reset();
  });
  EXPECT_EQ(client.read().body, "1");
  EXPECT_EQ(client.read().body, "2");
  EXPECT_EQ(client.read().body, "3");
}

TEST(server, answers_all_that_came_before_a_half_close) {
  test_server server;
  raw_client client{server.port()};
  client.send(get("/items/1") + get("/items/2"));
  client.half_close();
  EXPECT_EQ(client.read().body, "1");
  EXPECT_EQ(client.read().body, "2");
  EXPECT_TRUE(client.at_end());
}

TEST(server, refuses_a_request_that_ends_too_early) {
  test_server server;
  raw_client client{server.port()};
  client.send("GET /hello HTTP/1.1\r\nHost:");
  client.half_close();
  EXPECT_EQ(client.read().status, 400);
  EXPECT_TRUE(client.at_end());
}

TEST(server, does_not_read_ahead_of_a_client_that_reads_no_answers) {
  test_server server;
  raw_client client{server.port(), 4096};
  std::string requests;
  for (int i = 0; i < 50; ++i)
    requests += get("/large?bytes=100000");
  client.send(requests);
  for (int i = 0; i < 50; ++i)
    ASSERT_EQ(client.read().body.size(), 100'002u);
}

TEST(server, skips_empty_lines_before_a_request) {
  test_server server;
  raw_client client{server.port()};
  client.send("\r\n\r\n" + get("/hello") + "\r\n" + get("/hello"));
  EXPECT_EQ(client.read().status, 200);
  EXPECT_EQ(client.read().status, 200);
}

TEST(server, refuses_garbage_and_closes) {
  test_server server;
  raw_client client{server.port()};
  client.send("\x16\x03\x01 hello\r\n\r\n");
  const auto answer = client.read();
  EXPECT_EQ(answer.status, 400);
  EXPECT_EQ(answer.header("content-type"), "application/problem+json");
  EXPECT_EQ(answer.header("connection"), "close");
  EXPECT_NE(answer.body.find("\"malformed_http\""), std::string::npos);
  EXPECT_TRUE(client.at_end());
}

TEST(server, speaks_no_other_version) {
  test_server server;
  raw_client client{server.port()};
  client.send("GET /hello HTTP/3.0\r\nHost: a\r\n\r\n");
  const auto answer = client.read();
  EXPECT_EQ(answer.status, 505);
  EXPECT_NE(answer.body.find("\"status\":505"), std::string::npos);
  EXPECT_TRUE(client.at_end());
}

TEST(server, takes_one_request_of_http_1_0_and_closes) {
  test_server server;
  raw_client client{server.port()};
  client.send("GET /hello HTTP/1.0\r\n\r\n");
  const auto answer = client.read();
  EXPECT_EQ(answer.body, "hello");
  EXPECT_EQ(answer.header("connection"), "close");
  EXPECT_TRUE(client.at_end());
}

TEST(server, keeps_a_connection_of_http_1_0_that_asks_for_it) {
  test_server server;
  raw_client client{server.port()};
  for (int i = 0; i < 2; ++i) {
    client.send("GET /hello HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    EXPECT_EQ(client.read().header("connection"), "keep-alive");
  }
}

TEST(server, closes_where_the_client_wants_it) {
  test_server server;
  raw_client client{server.port()};
  client.send(get("/hello", "Connection: close\r\n"));
  EXPECT_EQ(client.read().header("connection"), "close");
  EXPECT_TRUE(client.at_end());
}

TEST(server, answers_head_with_the_headers_of_get) {
  test_server server;
  raw_client client{server.port()};
  client.send("HEAD /large HTTP/1.1\r\nHost: a\r\n\r\n" + get("/hello"));
  const auto answer = client.read("HEAD");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.header("content-length"), "5002");
  EXPECT_EQ(client.read().body, "hello");
}

TEST(server, answers_head_on_errors_without_a_body) {
  test_server server;
  raw_client client{server.port()};
  client.send("HEAD /nowhere HTTP/1.1\r\nHost: a\r\n\r\n" + get("/hello"));
  EXPECT_EQ(client.read("HEAD").status, 404);
  EXPECT_EQ(client.read().body, "hello");
}

TEST(server, sends_204_without_length_and_body) {
  test_server server;
  raw_client client{server.port()};
  client.send("DELETE /items/1 HTTP/1.1\r\nHost: a\r\n\r\n" + get("/hello"));
  const auto answer = client.read("DELETE");
  EXPECT_EQ(answer.status, 204);
  EXPECT_FALSE(answer.has("content-length"));
  EXPECT_FALSE(answer.has("content-type"));
  EXPECT_EQ(client.read().body, "hello");
}

TEST(server, tells_where_nothing_is) {
  test_server server;
  raw_client client{server.port()};
  for (auto path : {"/nowhere", "//hello", "/hello/", "/items/", "/../hello"}) {
    client.send(get(path));
    const auto answer = client.read();
    EXPECT_EQ(answer.status, 404) << path;
    EXPECT_NE(answer.body.find("\"route_not_found\""), std::string::npos);
    EXPECT_EQ(answer.header("content-type"), "application/problem+json");
  }
}

TEST(server, does_not_repeat_a_long_path) {
  test_server server;
  raw_client client{server.port()};
  std::string path = "/";
  for (int i = 0; i < 3000; ++i)
    path += "%C3%A4";
  client.send(get(path));
  const auto answer = client.read();
  EXPECT_EQ(answer.status, 404);
  EXPECT_LT(answer.body.size(), 600u);
}

TEST(server, tells_which_methods_a_path_takes) {
  test_server server;
  raw_client client{server.port()};
  client.send("PUT /items/1 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"
              + get("/hello"));
  const auto answer = client.read();
  EXPECT_EQ(answer.status, 405);
  EXPECT_EQ(answer.header("allow"), "GET, HEAD, DELETE, OPTIONS");
  EXPECT_EQ(client.read().body, "hello");
  client.send("BREW /hello HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(client.read().status, 405);
}

TEST(server, tells_errors_under_v1_in_openais_shape) {
  test_server server;
  raw_client client{server.port()};
  client.send(get("/v1/nothing"));
  auto answer = client.read();
  EXPECT_EQ(answer.status, 404);
  EXPECT_EQ(answer.header("content-type"), "application/json");
  EXPECT_TRUE(answer.body.starts_with("{\"error\":{\"message\":"));
  client.send(post("/v1/models", "{}"));
  answer = client.read();
  EXPECT_EQ(answer.status, 405);
  EXPECT_EQ(answer.header("allow"), "GET, HEAD, OPTIONS");
  EXPECT_TRUE(answer.body.starts_with("{\"error\":{\"message\":"));
  client.send("GET /v1/models HTTP/1.1\r\nbad\r\n\r\n");
  answer = client.read();
  EXPECT_EQ(answer.status, 400);
  EXPECT_TRUE(answer.body.starts_with("{\"error\":{\"message\":"));
}

TEST(server, refuses_what_is_not_json) {
  test_server server;
  raw_client client{server.port()};
  const auto with = [](const std::string& headers) {
    return "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n" + headers
           + "\r\n{}";
  };
  for (auto headers :
       {"", "Content-Type: text/plain\r\n",
        "Content-Type: application/json; charset=utf-16\r\n",
        "Content-Type: application/json\r\nContent-Encoding: gzip\r\n"}) {
    client.send(with(headers));
    const auto answer = client.read();
    EXPECT_EQ(answer.status, 415) << headers;
    EXPECT_NE(answer.body.find("\"unsupported_media_type\""),
              std::string::npos);
  }
  client.send(with("Content-Type: application/json;charset=UTF-8\r\n"));
  EXPECT_EQ(client.read().body, "{}");
}

TEST(server, ignores_a_body_that_a_route_does_not_expect) {
  test_server server;
  raw_client client{server.port()};
  client.send("POST /bare HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"
              + get("/hello"));
  EXPECT_EQ(client.read().body, "0");
  EXPECT_EQ(client.read().body, "hello");
}

TEST(server, refuses_a_body_that_says_it_is_too_large) {
  test_server server{[](auto& x) {
    x.limits.max_body_bytes = 1000;
  }};
  raw_client client{server.port()};
  client.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Type: application/json"
              "\r\nContent-Length: 1001\r\n\r\n");
  const auto answer = client.read();
  EXPECT_EQ(answer.status, 413);
  EXPECT_EQ(answer.header("connection"), "close");
  EXPECT_NE(answer.body.find("\"body_too_large\""), std::string::npos);
}

TEST(server, lets_a_client_read_413_while_it_still_sends) {
  test_server server{[](auto& x) {
    x.limits.max_body_bytes = 1000;
  }};
  raw_client client{server.port()};
  std::string body(4 * 1024 * 1024, 'x');
  EXPECT_TRUE(client.send(post("/echo", body)));
  EXPECT_EQ(client.read().status, 413);
}

TEST(server, refuses_a_chunked_body_that_becomes_too_large) {
  test_server server{[](auto& x) {
    x.limits.max_body_bytes = 1000;
  }};
  raw_client client{server.port()};
  client.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Type: application/json"
              "\r\nTransfer-Encoding: chunked\r\n\r\n");
  for (int i = 0; i < 11; ++i)
    client.send("64\r\n" + std::string(100, 'x') + "\r\n");
  EXPECT_EQ(client.read().status, 413);
}

TEST(server, takes_a_chunked_body) {
  test_server server;
  raw_client client{server.port()};
  client.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Type: application/json"
              "\r\nTransfer-Encoding: chunked\r\n\r\n"
              "3\r\n[1,\r\n2\r\n2]\r\n0\r\n\r\n"
              + get("/hello"));
  EXPECT_EQ(client.read().body, "[1,2]");
  EXPECT_EQ(client.read().body, "hello");
}

TEST(server, takes_a_large_body) {
  test_server server;
  raw_client client{server.port()};
  const auto body = "\"" + std::string(900'000, 'x') + "\"";
  client.send(post("/echo", body));
  EXPECT_EQ(client.read().body, body);
}

TEST(server, refuses_a_head_that_is_too_large) {
  test_server server{[](auto& x) {
    x.http.cors_origins = {"*"};
  }};
  raw_client client{server.port()};
  client.send(
    "GET /hello HTTP/1.1\r\nHost: a\r\nOrigin: https://a.example\r\n");
  client.send("X: " + std::string(40'000, 'x') + "\r\n\r\n");
  const auto answer = client.read();
  EXPECT_EQ(answer.status, 431);
  EXPECT_NE(answer.body.find("\"header_too_large\""), std::string::npos);
  EXPECT_EQ(answer.header("access-control-allow-origin"), "*");
}

// -- Expect ------------------------------------------------------------------

namespace {

std::string expecting(std::string_view target, std::string_view headers,
                      std::size_t length = 2) {
  return "POST " + std::string{target}
         + " HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: "
         + std::to_string(length) + "\r\n" + std::string{headers} + "\r\n";
}

} // namespace

TEST(server, invites_a_body_that_waits) {
  test_server server;
  raw_client client{server.port()};
  client.send(expecting("/echo", "Content-Type: application/json\r\n"));
  EXPECT_EQ(client.read().status, 100);
  client.send("{}");
  EXPECT_EQ(client.read().body, "{}");
}

TEST(server, does_not_invite_a_body_that_is_there_already) {
  test_server server;
  raw_client client{server.port()};
  client.send(expecting("/echo", "Content-Type: application/json\r\n") + "{}");
  EXPECT_EQ(client.read().status, 200);
}

TEST(server, refuses_at_once_what_it_need_not_invite) {
  test_server server;
  struct {
    std::string request;
    int status;
  } const cases[] = {
    {expecting("/nowhere", ""), 404},
    {expecting("/hello", ""), 405},
    {expecting("/echo", "Content-Type: text/plain\r\n"), 415},
    {expecting("/echo", "Content-Type: application/json\r\n", 1 << 30), 413},
    {"POST /echo HTTP/1.1\r\nHost: a\r\nExpect: miracles\r\n"
     "Content-Length: 2\r\nContent-Type: application/json\r\n\r\n",
     417},
  };
  for (const auto& each : cases) {
    raw_client client{server.port()};
    client.send(each.request);
    const auto answer = client.read();
    EXPECT_EQ(answer.status, each.status);
    EXPECT_EQ(answer.header("connection"), "close");
    EXPECT_TRUE(client.at_end());
  }
}

// -- handlers that fail ------------------------------------------------------

TEST(server, answers_500_for_a_handler_that_throws) {
  test_server server;
  raw_client client{server.port()};
  client.send(get("/throws") + get("/hello"));
  const auto answer = client.read();
  EXPECT_EQ(answer.status, 500);
  EXPECT_EQ(answer.body.find("secret"), std::string::npos);
  EXPECT_NE(answer.body.find("\"internal\""), std::string::npos);
  EXPECT_EQ(client.read().body, "hello");
  EXPECT_EQ(server.metrics().responses_5xx->value(), 1);
}

TEST(server, answers_500_for_a_handler_that_forgets) {
  test_server server;
  raw_client client{server.port()};
  client.send(get("/forgets"));
  EXPECT_EQ(client.read().status, 500);
}

TEST(server, tells_when_to_come_back) {
  test_server server;
  raw_client client{server.port()};
  client.send(get("/busy"));
  const auto answer = client.read();
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(answer.header("retry-after"), "2");
}

TEST(server, lets_a_handler_ask_other_actors) {
  test_server server;
  raw_client client{server.port()};
  for (int i = 0; i < 3; ++i) {
    client.send(get("/asks"));
    EXPECT_EQ(client.read().body, "42");
  }
}

// -- OPTIONS and CORS --------------------------------------------------------

TEST(server, answers_options_with_the_methods_of_a_path) {
  test_server server;
  raw_client client{server.port()};
  client.send("OPTIONS /items/1 HTTP/1.1\r\nHost: a\r\n\r\n"
              "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n"
              "OPTIONS /nowhere HTTP/1.1\r\nHost: a\r\n\r\n");
  auto answer = client.read();
  EXPECT_EQ(answer.status, 204);
  EXPECT_EQ(answer.header("allow"), "GET, HEAD, DELETE, OPTIONS");
  EXPECT_FALSE(answer.has("access-control-allow-methods"));
  EXPECT_FALSE(answer.has("content-length"));
  EXPECT_EQ(client.read().status, 204);
  EXPECT_EQ(client.read().status, 404);
}

TEST(server, answers_a_preflight_request_of_an_allowed_origin) {
  test_server server{[](auto& x) {
    x.http.cors_origins = {"https://a.example"};
  }};
  raw_client client{server.port()};
  const auto preflight = [](const std::string& origin) {
    return "OPTIONS /echo HTTP/1.1\r\nHost: a\r\nOrigin: " + origin
           + "\r\nAccess-Control-Request-Method: POST\r\n"
             "Access-Control-Request-Headers: content-type,"
             "x-stainless-os\r\n\r\n";
  };
  client.send(preflight("https://a.example"));
  auto answer = client.read();
  EXPECT_EQ(answer.status, 204);
  EXPECT_EQ(answer.header("access-control-allow-origin"), "https://a.example");
  EXPECT_EQ(answer.header("access-control-allow-methods"), "POST, OPTIONS");
  EXPECT_NE(answer.header("access-control-allow-headers").find("Content-Type"),
            std::string::npos);
  EXPECT_NE(
    answer.header("access-control-allow-headers").find("x-stainless-os"),
    std::string::npos);
  EXPECT_TRUE(answer.has("access-control-max-age"));
  EXPECT_EQ(answer.header("vary"), "Origin");
  client.send(preflight("https://b.example"));
  answer = client.read();
  EXPECT_EQ(answer.status, 204);
  EXPECT_FALSE(answer.has("access-control-allow-origin"));
  EXPECT_FALSE(answer.has("access-control-allow-methods"));
}

TEST(server, exposes_answers_and_refusals_to_an_allowed_origin) {
  test_server server{[](auto& x) {
    x.http.cors_origins = {"https://a.example"};
  }};
  raw_client client{server.port()};
  const std::string origin = "Origin: https://a.example\r\n";
  for (auto path : {"/hello", "/nowhere", "/busy"}) {
    client.send(get(path, origin));
    const auto answer = client.read();
    EXPECT_EQ(answer.header("access-control-allow-origin"),
              "https://a.example");
    EXPECT_NE(
      answer.header("access-control-expose-headers").find("X-Stream-Id"),
      std::string::npos);
  }
  client.send("GET /hello HTTP/1.1\r\n" + origin + "bad header\r\n\r\n");
  const auto answer = client.read();
  EXPECT_EQ(answer.status, 400);
  EXPECT_EQ(answer.header("access-control-allow-origin"), "https://a.example");
}

// -- compression -------------------------------------------------------------

TEST(server, compresses_a_large_answer_for_clients_that_accept_it) {
  test_server server;
  raw_client client{server.port()};
  client.send(get("/large", "Accept-Encoding: gzip, br\r\n"));
  auto answer = client.read();
  EXPECT_EQ(answer.header("content-encoding"), "gzip");
  EXPECT_EQ(answer.header("vary"), "Accept-Encoding");
  EXPECT_LT(answer.body.size(), 1000u);
  EXPECT_EQ(gunzip(answer.body), "\"" + std::string(5000, 'x') + "\"");
  client.send(get("/large", "Accept-Encoding: gzip;q=0\r\n"));
  answer = client.read();
  EXPECT_FALSE(answer.has("content-encoding"));
  EXPECT_EQ(answer.header("vary"), "Accept-Encoding");
  EXPECT_EQ(answer.body.size(), 5002u);
}

TEST(server, does_not_compress_what_is_small_or_switched_off) {
  test_server server;
  raw_client client{server.port()};
  client.send(get("/large?bytes=1000", "Accept-Encoding: gzip\r\n"));
  EXPECT_FALSE(client.read().has("content-encoding"));
  test_server off{[](auto& x) {
    x.http.compress_json = false;
  }};
  raw_client other{off.port()};
  other.send(get("/large", "Accept-Encoding: gzip\r\n"));
  EXPECT_FALSE(other.read().has("content-encoding"));
}

} // namespace parley::http::testing
