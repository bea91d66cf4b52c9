// Event streams against a real server.
#include <future>
#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "tests/http/support/gunzip.hpp"
#include "tests/http/support/raw_client.hpp"
#include "tests/http/support/test_server.hpp"

namespace parley::http::testing {

using std::chrono::milliseconds;

TEST(event_stream, begins_with_the_promised_head) {
  test_server server;
  raw_client client{server.port()};
  client.send(get("/stream", "X-Request-Id: r1\r\n"));
  const auto head = client.read_head();
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.header("content-type"), "text/event-stream; charset=utf-8");
  EXPECT_EQ(head.header("cache-control"), "no-cache, no-transform");
  EXPECT_EQ(head.header("x-accel-buffering"), "no");
  EXPECT_EQ(head.header("connection"), "keep-alive");
  EXPECT_EQ(head.header("transfer-encoding"), "chunked");
  EXPECT_EQ(head.header("x-stream-id"), "strm_1");
  EXPECT_EQ(head.header("x-request-id"), "r1");
  EXPECT_FALSE(head.has("content-length"));
  test_server::finish(server.streams.pop());
}

TEST(event_stream, sends_each_write_as_one_chunk) {
  test_server server;
  raw_client client{server.port()};
  client.send(get("/stream"));
  const auto opened = server.streams.pop();
  client.read_head();
  for (const std::size_t size : {9u, 100u, 5000u, 300'000u}) {
    const auto frame = "data: " + std::string(size, 'x') + "\n\n";
    // The client reads only afterwards: up to the socket's buffers the write
    // is done without it.
    auto written = std::make_shared<std::promise<void>>();
    boost::asio::post(*opened.loop, [&] {
      opened.stream->write(frame, [written] { written->set_value(); });
    });
    EXPECT_EQ(client.read_chunk(), frame);
    // The client may have it before the server hears that it was taken.
    written->get_future().wait();
  }
  test_server::finish(opened);
  EXPECT_EQ(client.read_chunk(), std::nullopt);
}

TEST(event_stream, never_calls_back_inside_a_call) {
  test_server server;
  raw_client client{server.port()};
  client.send(get("/stream"));
  const auto opened = server.streams.pop();
  bool inside = false;
  bool called_inside = false;
  std::promise<void> written;
  test_server::on_loop(*opened.loop, [&] {
    inside = true;
    opened.stream->write("data: 1\n\n", [&] {
      called_inside = inside;
      written.set_value();
    });
    inside = false;
  });
  written.get_future().get();
  EXPECT_FALSE(called_inside);
  test_server::finish(opened);
}

TEST(event_stream, leaves_the_connection_for_the_next_request) {
  test_server server;
  raw_client client{server.port()};
  for (int i = 0; i < 3; ++i) {
    client.send(get("/stream"));
    const auto opened = server.streams.pop();
    client.read_head();
    test_server::write(opened, "data: 1\n\n");
    test_server::finish(opened);
    EXPECT_EQ(client.read_chunk(), "data: 1\n\n");
    EXPECT_EQ(client.read_chunk(), std::nullopt);
    client.send(get("/hello"));
    EXPECT_EQ(client.read().body, "hello");
  }
}

TEST(event_stream, can_be_written_and_finished_inside_the_handler) {
  test_server server;
  raw_client client{server.port()};
  client.send(get("/short-stream") + get("/short-stream") + get("/hello"));
  EXPECT_EQ(client.read().body, "data: 1\n\n");
  EXPECT_EQ(client.read().body, "data: 1\n\n");
  EXPECT_EQ(client.read().body, "hello");
}

TEST(event_stream, answers_pipelined_requests_when_it_has_ended) {
  test_server server;
  raw_client client{server.port()};
  client.send(get("/stream") + get("/items/1") + get("/items/2"));
  const auto opened = server.streams.pop();
  test_server::write(opened, "data: 1\n\n");
  test_server::finish(opened);
  EXPECT_EQ(client.read().body, "data: 1\n\n");
  EXPECT_EQ(client.read().body, "1");
  EXPECT_EQ(client.read().body, "2");
}

TEST(event_stream, ends_with_the_connection_in_http_1_0) {
  test_server server;
  raw_client client{server.port()};
  client.send("GET /stream HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  const auto opened = server.streams.pop();
  const auto head = client.read_head();
  EXPECT_EQ(head.header("connection"), "close");
  EXPECT_FALSE(head.has("transfer-encoding"));
  test_server::write(opened, "data: 1\n\n");
  test_server::write(opened, "data: 2\n\n");
  test_server::finish(opened);
  EXPECT_EQ(client.read_to_end(), "data: 1\n\ndata: 2\n\n");
}

TEST(event_stream, has_a_head_only_for_head) {
  test_server server;
  raw_client client{server.port()};
  client.send("HEAD /stream HTTP/1.1\r\nHost: a\r\n\r\n" + get("/hello"));
  EXPECT_EQ(client.read("HEAD").header("content-type"),
            "text/event-stream; charset=utf-8");
  EXPECT_EQ(server.gone.pop(), "stream");
  EXPECT_EQ(client.read().body, "hello");
}

TEST(event_stream, closes_where_the_client_asked_for_it) {
  test_server server;
  raw_client client{server.port()};
  client.send(get("/stream", "Connection: close\r\n"));
  const auto opened = server.streams.pop();
  EXPECT_EQ(client.read_head().header("connection"), "close");
  test_server::finish(opened);
  EXPECT_EQ(client.read_chunk(), std::nullopt);
  EXPECT_TRUE(client.at_end());
}

TEST(event_stream, is_cut_when_it_is_aborted) {
  test_server server;
  raw_client client{server.port()};
  client.send(get("/stream"));
  auto opened = server.streams.pop();
  test_server::write(opened, "data: 1\n\n");
  test_server::on_loop(*opened.loop, [&] { opened.stream->abort(); });
  client.read_head();
  EXPECT_EQ(client.read_to_end(), "9\r\ndata: 1\n\n\r\n");
  EXPECT_TRUE(server.gone.empty());
}

TEST(event_stream, is_cut_when_its_holder_drops_it) {
  test_server server;
  raw_client client{server.port()};
  client.send(get("/dropped-stream"));
  EXPECT_EQ(client.read_to_end().find("0\r\n\r\n"), std::string::npos);
}

TEST(event_stream, ends_behind_its_last_frames) {
  test_server server;
  raw_client client{server.port()};
  client.send(get("/stream"));
  const auto opened = server.streams.pop();
  client.read_head();
  test_server::write(opened, "data: 1\n\n");
  test_server::on_loop(*opened.loop,
                       [&] { opened.stream->finish_with("data: 2\n\n"); });
  EXPECT_EQ(client.read_until("0\r\n\r\n"),
            "9\r\ndata: 1\n\n\r\n9\r\ndata: 2\n\n\r\n0\r\n\r\n");
  client.send(get("/hello"));
  EXPECT_EQ(client.read().body, "hello");
}

// -- clients that go ---------------------------------------------------------

TEST(event_stream, notices_a_client_that_closes) {
  test_server server;
  raw_client client{server.port()};
  client.send(get("/stream"));
  const auto opened = server.streams.pop();
  client.read_head();
  client.close();
  EXPECT_EQ(server.gone.pop(), "stream");
}

TEST(event_stream, notices_a_client_that_resets) {
  test_server server;
  raw_client client{server.port()};
  client.send(get("/stream"));
  const auto opened = server.streams.pop();
  client.read_head();
  client.reset();
  EXPECT_EQ(server.gone.pop(), "stream");
}

TEST(event_stream, goes_on_for_a_client_that_only_sends_no_more) {
  test_server server;
  raw_client client{server.port()};
  client.send(get("/stream"));
  const auto opened = server.streams.pop();
  client.read_head();
  client.half_close();
  EXPECT_EQ(client.read_chunk(), ": ping\n\n");
  test_server::on_loop(
    *opened.loop, [&opened] { opened.stream->finish_with("data: 1\n\n"); });
  EXPECT_EQ(client.read_chunk(), "data: 1\n\n");
  EXPECT_EQ(client.read_chunk(), std::nullopt);
  EXPECT_TRUE(client.at_end());
}

TEST(event_stream, begins_for_a_client_that_sends_no_more) {
  test_server server;
  raw_client client{server.port()};
  client.send(get("/later"));
  auto owed = server.exchanges.pop();
  auto& loop = owed->loop();
  client.half_close();
  EXPECT_EQ(server.gone.pop(), "exchange");
  test_server::on_loop(loop, [&owed] {
    EXPECT_FALSE(owed->gone());
    owed->begin_event_stream({})->finish_with("data: 1\n\n");
    owed.reset();
  });
  EXPECT_EQ(client.read_head().status, 200);
  EXPECT_EQ(client.read_chunk(), "data: 1\n\n");
}

TEST(event_stream, notices_a_client_that_goes_behind_pipelined_requests) {
  test_server server;
  raw_client client{server.port()};
  client.send(get("/stream") + get("/hello"));
  const auto opened = server.streams.pop();
  client.read_head();
  client.close();
  EXPECT_EQ(server.gone.pop(), "stream");
}

TEST(event_stream, ignores_what_is_written_when_the_client_is_gone) {
  test_server server;
  raw_client client{server.port()};
  client.send(get("/stream"));
  const auto opened = server.streams.pop();
  client.close();
  EXPECT_EQ(server.gone.pop(), "stream");
  bool called = false;
  test_server::on_loop(*opened.loop, [&] {
    opened.stream->write("data: 1\n\n", [&called] { called = true; });
    opened.stream->finish();
  });
  test_server::on_loop(*opened.loop, [] {});
  EXPECT_FALSE(called);
}

TEST(exchange, notices_a_client_that_goes_before_the_answer) {
  test_server server;
  raw_client client{server.port()};
  client.send(get("/later"));
  auto owed = server.exchanges.pop();
  auto& loop = owed->loop();
  client.close();
  EXPECT_EQ(server.gone.pop(), "exchange");
  test_server::on_loop(loop, [&owed] {
    owed->respond({});
    owed.reset();
  });
}

TEST(exchange, still_answers_a_client_that_only_sends_no_more) {
  test_server server;
  raw_client client{server.port()};
  client.send(get("/later"));
  auto owed = server.exchanges.pop();
  auto& loop = owed->loop();
  client.half_close();
  EXPECT_EQ(server.gone.pop(), "exchange");
  test_server::on_loop(loop, [&owed] {
    response answer;
    answer.body = "late";
    owed->respond(std::move(answer));
    owed.reset();
  });
  EXPECT_EQ(client.read().body, "late");
  EXPECT_TRUE(client.at_end());
}

TEST(exchange, drops_a_second_answer) {
  test_server server;
  raw_client client{server.port()};
  client.send(get("/later") + get("/hello"));
  auto owed = server.exchanges.pop();
  auto& loop = owed->loop();
  test_server::on_loop(loop, [&owed] {
    response answer;
    answer.body = "1";
    owed->respond(answer);
    owed->respond(answer);
    owed->fail(error{});
    owed.reset();
  });
  EXPECT_EQ(client.read().body, "1");
  EXPECT_EQ(client.read().body, "hello");
}

// -- time --------------------------------------------------------------------

TEST(event_stream, pings_while_nothing_is_written) {
  test_server server{[](auto& x) {
    x.sse.heartbeat = milliseconds{20};
  }};
  raw_client client{server.port()};
  client.send(get("/stream"));
  const auto opened = server.streams.pop();
  client.read_head();
  for (int i = 0; i < 3; ++i)
    EXPECT_EQ(client.read_chunk(), ": ping\n\n");
  test_server::finish(opened);
}

TEST(event_stream, pings_only_between_writes) {
  test_server server{[](auto& x) {
    x.sse.heartbeat = milliseconds{5};
  }};
  raw_client client{server.port()};
  client.send(get("/stream"));
  const auto opened = server.streams.pop();
  std::string expected;
  for (int i = 0; i < 200; ++i) {
    const auto frame = "data: " + std::string(1000, 'x') + "\n\n";
    test_server::write(opened, frame);
    expected += frame;
  }
  test_server::finish(opened);
  client.read_head();
  std::string body;
  while (auto chunk = client.read_chunk())
    if (*chunk != ": ping\n\n")
      body += *chunk;
  EXPECT_EQ(body, expected);
}

TEST(event_stream, gives_up_a_client_that_does_not_read) {
  test_server server{[](auto& x) {
    x.sse.write_timeout = milliseconds{100};
  }};
  raw_client client{server.port(), 4096};
  client.send(get("/stream"));
  const auto opened = server.streams.pop();
  client.read_head();
  bool written = false;
  test_server::on_loop(*opened.loop, [&] {
    opened.stream->write(std::string(16 * 1024 * 1024, 'x'),
                         [&written] { written = true; });
  });
  EXPECT_EQ(server.gone.pop(), "stream");
  EXPECT_FALSE(written);
}

TEST(event_stream, waits_for_a_client_that_reads_slowly) {
  test_server server;
  raw_client client{server.port(), 4096};
  client.send(get("/stream"));
  const auto opened = server.streams.pop();
  client.read_head();
  const std::string large(8 * 1024 * 1024, 'x');
  std::promise<void> written;
  boost::asio::post(*opened.loop, [&] {
    opened.stream->write(large, [&written] { written.set_value(); });
  });
  EXPECT_EQ(client.read_chunk(), large);
  written.get_future().get();
  test_server::finish(opened);
  EXPECT_EQ(client.read_chunk(), std::nullopt);
}

TEST(event_stream, can_be_finished_behind_a_write_that_is_under_way) {
  test_server server;
  raw_client client{server.port(), 4096};
  client.send(get("/stream") + get("/hello"));
  auto opened = server.streams.pop();
  const std::string large(8 * 1024 * 1024, 'x');
  test_server::on_loop(*opened.loop, [&] {
    opened.stream->write(large, [] {});
    opened.stream->finish();
    opened.stream.reset();
  });
  EXPECT_EQ(client.read().body, large);
  EXPECT_EQ(client.read().body, "hello");
}

// -- compression -------------------------------------------------------------

TEST(event_stream, is_compressed_where_configured_and_flushed_per_write) {
  test_server server{[](auto& x) {
    x.http.compress_sse = true;
    x.sse.heartbeat = milliseconds{50};
  }};
  raw_client client{server.port()};
  client.send(get("/stream", "Accept-Encoding: gzip\r\n"));
  const auto opened = server.streams.pop();
  const auto head = client.read_head();
  EXPECT_EQ(head.header("content-encoding"), "gzip");
  EXPECT_EQ(head.header("vary"), "Accept-Encoding");
  std::string body = *client.read_chunk();
  EXPECT_EQ(gunzip_prefix(body), ": ping\n\n");
  test_server::write(opened, "data: 1\n\n");
  while (!gunzip_prefix(body).ends_with("data: 1\n\n"))
    body += *client.read_chunk();
  test_server::finish(opened);
  while (const auto chunk = client.read_chunk())
    body += *chunk;
  EXPECT_NE(gunzip(body).find("data: 1\n\n"), std::string::npos);
}

TEST(event_stream, is_not_compressed_by_default) {
  test_server server;
  raw_client client{server.port()};
  client.send(get("/stream", "Accept-Encoding: gzip\r\n"));
  EXPECT_FALSE(client.read_head().has("content-encoding"));
  test_server::finish(server.streams.pop());
}

} // namespace parley::http::testing
