// Time-outs, limits, draining and stopping of a real server.
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <malloc.h>
#include <sys/resource.h>
#include <unistd.h>

#include "tests/http/support/raw_client.hpp"
#include "tests/http/support/test_server.hpp"

namespace parley::http::testing {

using std::chrono::milliseconds;

// -- time-outs ---------------------------------------------------------------

TEST(server, gives_up_a_head_that_does_not_come) {
  test_server server{[](auto& x) {
    x.http.header_timeout = milliseconds{50};
  }};
  raw_client client{server.port()};
  client.send("GET /hello HTTP/1.1\r\nHost: a\r\n");
  const auto answer = client.read();
  EXPECT_EQ(answer.status, 408);
  EXPECT_EQ(answer.header("connection"), "close");
  EXPECT_NE(answer.body.find("\"request_timeout\""), std::string::npos);
  EXPECT_TRUE(client.at_end());
}

TEST(server, gives_up_a_head_that_drips) {
  test_server server{[](auto& x) {
    x.http.header_timeout = milliseconds{100};
  }};
  raw_client client{server.port()};
  client.send("GET /hello HTTP/1.1\r\nX: ");
  // A round trip on another connection between two bytes.
  raw_client other{server.port()};
  while (!client.readable()) {
    client.send("x");
    other.send(get("/hello"));
    ASSERT_EQ(other.read().status, 200);
  }
  EXPECT_EQ(client.read().status, 408);
}

TEST(server, gives_up_a_connection_that_asks_nothing) {
  test_server server{[](auto& x) {
    x.http.header_timeout = milliseconds{50};
  }};
  raw_client client{server.port()};
  EXPECT_EQ(client.read().status, 408);
  EXPECT_TRUE(client.at_end());
}

TEST(server, counts_the_head_of_a_later_request_from_its_first_byte) {
  test_server server{[](auto& x) {
    x.http.header_timeout = milliseconds{50};
    x.http.keep_alive_timeout = milliseconds{600'000};
  }};
  raw_client client{server.port()};
  client.send(get("/hello"));
  EXPECT_EQ(client.read().status, 200);
  client.send("GET /hel");
  EXPECT_EQ(client.read().status, 408);
}

TEST(server, gives_up_a_body_that_does_not_come) {
  test_server server{[](auto& x) {
    x.http.body_timeout = milliseconds{50};
    x.http.cors_origins = {"https://a.example"};
  }};
  raw_client client{server.port()};
  client.send("POST /echo HTTP/1.1\r\nHost: a\r\nOrigin: https://a.example\r\n"
              "Content-Type: application/json\r\nContent-Length: 10\r\n\r\n{");
  const auto answer = client.read();
  EXPECT_EQ(answer.status, 408);
  EXPECT_EQ(answer.header("access-control-allow-origin"), "https://a.example");
  EXPECT_TRUE(client.at_end());
}

TEST(server, closes_an_idle_connection_without_a_word) {
  test_server server{[](auto& x) {
    x.http.keep_alive_timeout = milliseconds{50};
  }};
  raw_client client{server.port()};
  client.send(get("/hello"));
  EXPECT_EQ(client.read().status, 200);
  EXPECT_TRUE(client.at_end());
}

// -- limits ------------------------------------------------------------------

TEST(server, refuses_connections_above_the_limit) {
  test_server server{[](auto& x) {
    x.http.max_connections = 2;
  }};
  raw_client first{server.port()};
  raw_client second{server.port()};
  first.send(get("/hello"));
  second.send(get("/hello"));
  EXPECT_EQ(first.read().status, 200);
  EXPECT_EQ(second.read().status, 200);
  raw_client third{server.port()};
  third.send(get("/hello"));
  const auto answer = third.read();
  EXPECT_EQ(answer.status, 503);
  EXPECT_TRUE(answer.has("retry-after"));
  EXPECT_NE(answer.body.find("\"overloaded\""), std::string::npos);
  EXPECT_TRUE(third.at_end());
  first.send(get("/hello"));
  EXPECT_EQ(first.read().status, 200);
}

TEST(server, deals_connections_out_evenly) {
  test_server server{{}, 2};
  std::vector<std::unique_ptr<raw_client>> clients;
  std::vector<int> count(2);
  for (int i = 0; i < 10; ++i) {
    auto& client =
      *clients.emplace_back(std::make_unique<raw_client>(server.port()));
    client.send(get("/where"));
    ++count.at(std::stoul(client.read().body));
  }
  EXPECT_EQ(count, (std::vector{5, 5}));
}

TEST(server, counts_its_connections_and_bytes) {
  test_server server;
  {
    raw_client client{server.port()};
    client.send(get("/hello"));
    EXPECT_EQ(client.read().status, 200);
    EXPECT_EQ(server.metrics().connections->value(), 1);
    EXPECT_EQ(server.metrics().requests->value(), 1);
  }
  server.server().stop();
  EXPECT_GT(server.metrics().http_bytes_received->value(), 20);
  EXPECT_GT(server.metrics().http_bytes_sent->value(), 50);
  EXPECT_EQ(server.metrics().connections->value(), 0);
}

// -- listening ---------------------------------------------------------------

TEST(server, says_why_it_cannot_listen) {
  test_server taken;
  EXPECT_THROW(
    {
      test_server second{[&taken](auto& x) {
        x.http.listen.port = taken.port();
      }};
    },
    std::runtime_error);
  EXPECT_THROW(
    {
      test_server unknown{[](auto& x) {
        x.http.listen.host = "no host";
      }};
    },
    std::runtime_error);
}

TEST(server, listens_on_a_host_name) {
  test_server server{[](auto& x) {
    x.http.listen.host = "localhost";
  }};
  EXPECT_NE(server.port(), 0);
}

TEST(server, goes_on_when_it_was_out_of_file_descriptors) {
  test_server server;
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  const int next = dup(0);
  ASSERT_GE(next, 0);
  close(next);
  auto low = before;
  low.rlim_cur = static_cast<rlim_t>(next);
  // The client's socket takes the last one, so that accepting fails. The
  // server's threads may have taken some meanwhile.
  std::unique_ptr<raw_client> taken;
  while (!taken && low.rlim_cur < before.rlim_cur) {
    ++low.rlim_cur;
    ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &low), 0);
    try {
      taken = std::make_unique<raw_client>(server.port());
    } catch (const std::exception&) {
      continue;
    }
  }
  ASSERT_TRUE(taken);
  auto& client = *taken;
  client.send(get("/hello"));
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_EQ(client.read().status, 200);
}

// -- draining and stopping ---------------------------------------------------

TEST(server, lets_go_of_idle_connections_when_it_drains) {
  test_server server;
  raw_client idle{server.port()};
  idle.send(get("/hello"));
  EXPECT_EQ(idle.read().status, 200);
  server.server().drain(std::chrono::milliseconds{0});
  EXPECT_TRUE(idle.at_end());
}

TEST(server, finishes_what_was_begun_when_it_drains) {
  test_server server;
  raw_client asking{server.port()};
  raw_client reading{server.port()};
  asking.send(get("/later"));
  reading.send(get("/stream"));
  auto owed = server.exchanges.pop();
  auto& loop = owed->loop();
  const auto opened = server.streams.pop();
  server.server().drain(std::chrono::milliseconds{0});
  test_server::on_loop(loop, [&owed] {
    owed->respond({});
    owed.reset();
  });
  EXPECT_EQ(asking.read().header("connection"), "close");
  EXPECT_TRUE(asking.at_end());
  test_server::write(opened, "data: 1\n\n");
  test_server::finish(opened);
  EXPECT_EQ(reading.read().body, "data: 1\n\n");
  EXPECT_TRUE(reading.at_end());
}

TEST(server, closes_everything_when_it_stops) {
  test_server server{{}, 2};
  raw_client idle{server.port()};
  idle.send(get("/hello"));
  EXPECT_EQ(idle.read().status, 200);
  raw_client asking{server.port()};
  asking.send(get("/later"));
  const auto owed = server.exchanges.pop();
  raw_client reading{server.port()};
  reading.send(get("/stream"));
  const auto opened = server.streams.pop();
  raw_client half{server.port()};
  half.send("GET /he");
  server.server().stop();
  std::string first = server.gone.pop();
  std::string second = server.gone.pop();
  EXPECT_NE(first, second);
  EXPECT_TRUE(idle.at_end());
  EXPECT_TRUE(asking.at_end());
  EXPECT_TRUE(half.at_end());
  EXPECT_EQ(reading.read_to_end().find("0\r\n\r\n"), std::string::npos);
  EXPECT_EQ(server.metrics().connections->value(), 0);
}

TEST(server, stops_twice_and_without_having_started) {
  test_server server;
  server.server().stop();
  server.server().stop();
}

// -- memory ------------------------------------------------------------------

// For information: how much of the heap waiting clients hold.
TEST(server, tells_what_waiting_connections_cost) {
  test_server server;
  constexpr int count = 200;
  struct {
    const char* name;
    const char* path;
  } const kinds[] = {{"idle", "/hello"}, {"streaming", "/stream"}};
  for (const auto& kind : kinds) {
    std::vector<std::unique_ptr<raw_client>> clients;
    std::vector<opened_stream> streams;
    // The first ones fill caches and pools.
    std::size_t before = 0;
    for (int i = 0; i < 2 * count; ++i) {
      if (i == count)
        before = mallinfo2().uordblks;
      auto& client =
        *clients.emplace_back(std::make_unique<raw_client>(server.port()));
      client.send(get(kind.path));
      client.read_head();
      if (kind.path == std::string_view{"/stream"})
        streams.push_back(server.streams.pop());
    }
    const auto after = mallinfo2().uordblks;
    RecordProperty(kind.name, static_cast<int>((after - before) / count));
    std::printf("%s: %zu bytes of heap per connection\n", kind.name,
                (after - before) / count);
    for (auto& stream : streams)
      test_server::finish(std::move(stream));
  }
}

} // namespace parley::http::testing
