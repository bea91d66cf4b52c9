// Connections: how they are made, kept, held back and closed.
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "llm/connection_pool.hpp"
#include "tests/llm/openai_fixture.hpp"

namespace parley::llm {

namespace {

using namespace test;
using testing::HasSubstr;

using http_client = openai_fixture;

const std::string hello =
  chunked_stream({content_event("Hello"), finish_event(), done_event_frame()});

} // namespace

// -- connecting --------------------------------------------------------------

TEST_F(http_client, says_when_nobody_listens) {
  unsigned short port = 0;
  {
    const raw_server gone{loop};
    port = gone.port();
  }
  settings.llm.base_url = "http://127.0.0.1:" + std::to_string(port);
  const auto made = ask();
  ASSERT_TRUE(made.failure);
  EXPECT_EQ(made.connects, 0);
  EXPECT_EQ(made.failure->why.code, errc::upstream_unreachable);
  EXPECT_THAT(made.failure->why.detail, HasSubstr(std::to_string(port)));
}

TEST_F(http_client, says_when_a_name_does_not_resolve) {
  settings.llm.base_url = "http://nowhere.invalid:9/v1";
  const auto made = ask();
  ASSERT_TRUE(made.failure);
  EXPECT_EQ(made.failure->why.code, errc::upstream_unreachable);
}

TEST_F(http_client, tries_all_addresses_of_a_name) {
  // The server listens on 127.0.0.1 only; localhost may be ::1 first.
  settings.llm.base_url = server.base_url("localhost");
  EXPECT_EQ(ask(hello).content, "Hello");
}

TEST_F(http_client, takes_the_first_address_that_answers) {
  using boost::asio::ip::make_address;
  using boost::asio::ip::tcp;
  unsigned short closed_port = 0;
  {
    const raw_server gone{loop};
    closed_port = gone.port();
  }
  const auto via = std::make_shared<connector>(loop);
  std::optional<tcp::endpoint> reached;
  via->start({{make_address("127.0.0.1"), closed_port},
              {make_address("::1"), closed_port},
              {make_address("127.0.0.1"), server.port()}},
             [&reached](boost::system::error_code ec, tcp::socket socket) {
               ASSERT_FALSE(ec);
               reached = socket.remote_endpoint();
             });
  run_until(loop, [&reached] { return reached.has_value(); });
  EXPECT_EQ(reached->port(), server.port());
}

// -- keeping -----------------------------------------------------------------

TEST_F(http_client, uses_a_connection_again) {
  for (int i = 0; i < 5; ++i)
    EXPECT_EQ(ask(hello).content, "Hello");
  EXPECT_EQ(server.peers.size(), 1u);
  EXPECT_EQ(server.request_count(), 5u);
}

TEST_F(http_client, uses_a_connection_again_whose_last_chunk_came_late) {
  const auto early = hello.substr(0, hello.size() - last_chunk().size());
  EXPECT_EQ(ask(early).content, "Hello");
  last_peer().send(last_chunk());
  run_ready(loop);
  EXPECT_EQ(ask(hello).content, "Hello");
  EXPECT_EQ(server.peers.size(), 1u);
}

TEST_F(http_client, uses_a_connection_again_after_a_refusal) {
  EXPECT_TRUE(ask(response(500, "{}")).failure);
  EXPECT_EQ(ask(hello).content, "Hello");
  EXPECT_EQ(server.peers.size(), 1u);
}

TEST_F(http_client, never_hands_out_a_connection_that_the_peer_has_closed) {
  EXPECT_EQ(ask(hello).content, "Hello");
  last_peer().close();
  EXPECT_EQ(ask(hello).content, "Hello");
  EXPECT_EQ(server.peers.size(), 2u);
  EXPECT_EQ(server.request_count(), 2u);
}

TEST_F(http_client, tells_when_a_kept_connection_dies_under_the_request) {
  EXPECT_EQ(ask(hello).content, "Hello");
  server.on_request = [](peer& from, const std::string&) {
    from.reset();
  };
  const auto made = ask();
  ASSERT_TRUE(made.failure);
  EXPECT_EQ(made.failure->why.code, errc::upstream_interrupted);
  EXPECT_EQ(made.connects, 1);
  EXPECT_EQ(server.request_count(), 2u);
}

TEST_F(http_client, trusts_no_kept_connection_when_one_was_dead) {
  ear heard_by[3];
  std::unique_ptr<generation> runs[3];
  for (int i = 0; i < 3; ++i)
    runs[i] = start(heard_by[i]);
  run_until(loop, [this] { return server.request_count() == 3; });
  for (const auto& one : server.peers)
    one->send(hello);
  run_until(loop, [&heard_by] {
    return std::all_of(std::begin(heard_by), std::end(heard_by),
                       [](const ear& one) { return one.ended(); });
  });
  server.on_request = [](peer& from, const std::string&) {
    from.reset();
  };
  EXPECT_TRUE(ask().failure);
  server.on_request = nullptr;
  EXPECT_EQ(ask(hello).content, "Hello");
  EXPECT_EQ(server.peers.size(), 4u);
}

TEST_F(http_client, does_not_send_again_once_a_byte_has_come) {
  EXPECT_EQ(ask(hello).content, "Hello");
  const auto made = ask("H", true);
  EXPECT_EQ(made.failure->why.code, errc::upstream_interrupted);
  EXPECT_EQ(server.request_count(), 2u);
}

TEST_F(http_client, keeps_no_connection_that_said_too_much) {
  EXPECT_EQ(ask(hello + "HTTP/1.1 200 OK\r\n").content, "Hello");
  EXPECT_EQ(ask(hello).content, "Hello");
  EXPECT_EQ(server.peers.size(), 2u);
}

TEST_F(http_client, keeps_no_more_connections_than_it_may) {
  settings.llm.max_idle_connections = 2;
  ear heard_by[4];
  std::unique_ptr<generation> runs[4];
  for (int i = 0; i < 4; ++i)
    runs[i] = start(heard_by[i]);
  run_until(loop, [this] { return server.request_count() == 4; });
  for (const auto& one : server.peers)
    one->send(hello);
  run_until(loop, [&heard_by] {
    return std::all_of(std::begin(heard_by), std::end(heard_by),
                       [](const ear& one) { return one.ended(); });
  });
  run_until(loop, [this] {
    return std::count_if(server.peers.begin(), server.peers.end(),
                         [](const auto& one) { return one->client_gone; })
           == 2;
  });
}

TEST_F(http_client, closes_what_it_keeps_when_the_provider_goes) {
  EXPECT_EQ(ask(hello).content, "Hello");
  EXPECT_FALSE(last_peer().client_gone);
  model.reset();
  run_until(loop, [this] { return last_peer().client_gone; });
}

// -- holding back ------------------------------------------------------------

TEST_F(http_client, a_pause_holds_the_upstream_back_and_loses_nothing) {
  const auto run = start(heard);
  run_until(loop, [this] { return server.request_count() == 1; });
  auto& upstream = last_peer();
  upstream.send(stream_head() + chunk(content_event("first")));
  run_until(loop, [this] { return heard.content == "first"; });
  run->pause();
  run_ready(loop);
  // More than all buffers between the two can hold.
  constexpr std::size_t pieces = 400;
  const std::string large(100'000, 'x');
  for (std::size_t i = 0; i < pieces; ++i)
    upstream.send(chunk(content_event(large)));
  run_ready(loop);
  const auto held_at = upstream.sent;
  EXPECT_EQ(heard.content, "first");
  EXPECT_LT(held_at, pieces * large.size());
  run_ready(loop);
  EXPECT_EQ(upstream.sent, held_at);
  upstream.send(chunk(finish_event()) + last_chunk());
  run->resume();
  run_until(loop, [this] { return heard.ended(); });
  EXPECT_EQ(heard.content.size(), 5 + pieces * large.size());
}

TEST_F(http_client, pauses_before_the_answer_are_fine) {
  auto run = start(heard);
  run->pause();
  answer_with(hello);
  run_until(loop, [this] { return server.request_count() == 1; });
  run_ready(loop);
  EXPECT_EQ(heard.content, "");
  run->resume();
  run->resume();
  run_until(loop, [this] { return heard.ended(); });
  EXPECT_EQ(heard.content, "Hello");
}

// -- cancelling --------------------------------------------------------------

TEST_F(http_client, cancelled_before_it_began_it_says_nothing) {
  start(heard).reset();
  run_ready(loop);
  EXPECT_TRUE(heard.reports.empty());
  EXPECT_EQ(server.request_count(), 0u);
}

TEST_F(http_client, cancelled_while_connecting_it_says_nothing) {
  settings.llm.base_url = server.base_url("localhost");
  auto run = start(heard);
  loop.restart();
  loop.run_one();
  run.reset();
  run_ready(loop);
  EXPECT_TRUE(heard.reports.empty());
}

TEST_F(http_client, cancelled_at_any_byte_the_connection_is_closed) {
  for (std::size_t at = 0; at < hello.size(); at += 5) {
    ear made;
    auto run = start(made);
    const auto before = server.request_count();
    run_until(loop, [this, before] { return server.request_count() > before; });
    auto& upstream = last_peer();
    upstream.send(hello.substr(0, at));
    run_ready(loop);
    if (made.ended())
      break; // the end marker has come: nothing is left to cancel
    const auto reports = made.reports.size();
    run.reset();
    run_until(loop, [&upstream] { return upstream.client_gone; });
    upstream.send(hello.substr(at));
    run_ready(loop);
    EXPECT_EQ(made.reports.size(), reports) << at;
  }
}

TEST_F(http_client, cancelled_inside_a_report_it_says_nothing_more) {
  answer_with(stream_head() + chunk(content_event("x")));
  for (const std::size_t nth : {1u, 2u}) {
    ear made;
    std::unique_ptr<generation> run;
    made.on_each = [&made, &run, nth] {
      if (made.reports.size() == nth)
        run.reset();
    };
    run = start(made);
    run_until(loop, [this, nth] {
      return server.peers.size() == nth && last_peer().client_gone;
    });
    EXPECT_EQ(made.reports.size(), nth);
  }
}

TEST_F(http_client, may_be_cancelled_from_any_thread) {
  for (int i = 0; i < 20; ++i) {
    ear made;
    auto run = start(made);
    std::thread other{[&run] {
      run.reset();
    }};
    run_ready(loop);
    other.join();
    run_ready(loop);
    EXPECT_EQ(made.ends, 0);
  }
  run_until(loop, [this] { return server.all_gone(); });
}

TEST_F(http_client, may_be_destroyed_after_its_end_and_after_its_loop_stopped) {
  answer_with(hello);
  auto run = start(heard);
  run_until(loop, [this] { return heard.ended(); });
  run.reset();
  auto other = start(heard);
  loop.stop();
  other.reset();
  model.reset();
}

} // namespace parley::llm
