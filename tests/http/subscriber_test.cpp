// The reader of a streamed answer, through the routes that make one.
#include <chrono>
#include <random>
#include <utility>

#include "tests/http/support/world.hpp"
#include "wire/sse_encoder.hpp"

namespace parley::http::test {

namespace {

constexpr auto stream_route = "/api/v1/chat/message/stream";
constexpr auto hello = R"({"message":"hello"})";

text_event text(std::string chunk, seq_t seq) {
  return {text_kind::content, std::move(chunk), seq};
}

done_event done(seq_t seq) {
  done_event x;
  x.seq = seq;
  return x;
}

class subscriber_test : public world {
protected:
  // A stream that has begun, read by one client whose socket takes nothing
  // by itself when `slow`.
  void begin(bool slow = false) {
    start = new_start();
    stream_opens(start);
    exchange = call_only(method::post, stream_route, hello);
    exchange->slow = slow;
    run();
    ASSERT_TRUE(exchange->stream);
  }

  fake_stream& stream() {
    return *exchange->stream;
  }

  std::int64_t subscribers() const {
    return metrics.subscribers->value();
  }

  start_event start;
  std::shared_ptr<fake_exchange> exchange;
};

} // namespace

TEST_F(subscriber_test, reads_from_the_beginning_with_the_promised_credit) {
  begin();
  ASSERT_EQ(session.subscriptions.size(), 1u);
  EXPECT_EQ(session.subscriptions[0].after, 0u);
  EXPECT_EQ(session.subscriptions[0].credit, limits::reader_credit);
  EXPECT_EQ(subscribers(), 1);
  EXPECT_TRUE(stream().writes.empty());
}

TEST_F(subscriber_test, writes_each_batch_as_one_piece_in_order) {
  begin();
  session.send({start});
  session.send({text("a", 2), text("b", 3)});
  run();
  session.send({text("c", 4)});
  run();
  ASSERT_GE(stream().writes.size(), 2u);
  EXPECT_EQ(stream().writes.back(),
            "data: {\"chunk\":\"c\",\"type\":\"content\",\"seq\":4}\n\n");
  const auto body = stream().body();
  const auto at = [&body](std::string_view what) {
    return body.find(what);
  };
  EXPECT_LT(at("\"start\""), at("\"a\""));
  EXPECT_LT(at("\"a\""), at("\"b\""));
  EXPECT_LT(at("\"b\""), at("\"c\""));
  EXPECT_EQ(at("id:"), std::string::npos);
  EXPECT_EQ(at("retry:"), std::string::npos);
}

TEST_F(subscriber_test, gives_credit_back_only_when_the_socket_has_taken_it) {
  begin(true);
  EXPECT_EQ(session.credit, limits::reader_credit);
  session.send({start});
  run();
  EXPECT_EQ(session.credit, limits::reader_credit - 1);
  stream().take_write();
  run();
  EXPECT_EQ(session.credit, limits::reader_credit);
}

TEST_F(subscriber_test, joins_what_comes_while_a_write_is_on_its_way) {
  begin(true);
  session.send({start});
  run();
  session.send({text("a", 2)});
  run();
  EXPECT_EQ(stream().writes.size(), 1u);
  EXPECT_EQ(session.credit, 0u);
  stream().take_write();
  run();
  // The credit of the first batch is back, the second one is being written.
  EXPECT_EQ(session.credit, 1u);
  ASSERT_EQ(stream().writes.size(), 2u);
  session.send({text("b", 3)});
  run();
  EXPECT_EQ(session.credit, 0u);
  stream().take_write();
  run();
  EXPECT_EQ(stream().writes.size(), 3u);
  stream().take_write();
  run();
  EXPECT_EQ(session.credit, limits::reader_credit);
}

TEST_F(subscriber_test, several_batches_behind_a_slow_write_become_one_write) {
  begin();
  stream().slow = true;
  session.send({start});
  session.send({text("a", 2)});
  run();
  ASSERT_EQ(stream().writes.size(), 1u);
  stream().take_write();
  run();
  ASSERT_EQ(stream().writes.size(), 2u);
  session.send({text("b", 3)});
  run();
  stream().take_write();
  run();
  ASSERT_EQ(stream().writes.size(), 3u);
  EXPECT_NE(stream().writes[1].find("\"a\""), std::string::npos);
  EXPECT_NE(stream().writes[2].find("\"b\""), std::string::npos);
}

TEST_F(subscriber_test, ends_the_body_together_with_the_terminal_frame) {
  begin(true);
  session.send({start, text("a", 2), done(3)});
  run();
  EXPECT_EQ(stream().writes.size(), 1u);
  EXPECT_TRUE(stream().finished);
  EXPECT_EQ(session.readers_lost, 1);
  EXPECT_EQ(subscribers(), 0);
}

TEST_F(subscriber_test, the_end_waits_for_the_write_before_it) {
  begin(true);
  session.send({start});
  run();
  session.send({done(2)});
  // Having sent the end, a session may go.
  session.die();
  run();
  EXPECT_FALSE(stream().finished);
  stream().take_write();
  run();
  EXPECT_TRUE(stream().finished);
  EXPECT_NE(stream().body().find("\"done\""), std::string::npos);
  EXPECT_EQ(stream().body().find("\"error\""), std::string::npos);
}

TEST_F(subscriber_test, the_death_of_a_session_is_an_error_frame_and_an_end) {
  begin();
  session.send({start, text("a", 2)});
  session.die();
  run();
  EXPECT_TRUE(stream().finished);
  const auto last = stream().writes.back();
  EXPECT_NE(last.find("\"type\":\"error\",\"code\":\"internal\""),
            std::string::npos)
    << last;
  const auto seq = "\"seq\":" + std::to_string(limits::detached_seq + 2);
  EXPECT_NE(last.find(seq), std::string::npos) << last;
  EXPECT_EQ(subscribers(), 0);
}

TEST_F(subscriber_test, the_death_of_a_session_waits_for_a_slow_socket) {
  begin(true);
  session.send({start});
  run();
  session.die();
  run();
  EXPECT_EQ(stream().writes.size(), 1u);
  stream().take_write();
  run();
  EXPECT_EQ(stream().writes.size(), 2u);
  EXPECT_TRUE(stream().finished);
}

TEST_F(subscriber_test, an_error_that_is_not_in_the_log_moves_no_cursor) {
  start = new_start();
  gateway.find_stream = [this](const actors::find_stream&) {
    return caf::result<actors::session_actor>{session.handle()};
  };
  exchange =
    call(method::get, "/api/v1/chat/streams/" + start.stream.str() + "/events");
  ASSERT_TRUE(exchange->stream);
  session.send({start});
  session.die();
  run();
  const auto last = stream().writes.back();
  EXPECT_NE(last.find("\"type\":\"error\""), std::string::npos);
  EXPECT_EQ(last.find("id:"), std::string::npos);
}

TEST_F(subscriber_test, a_client_that_goes_leaves_the_session) {
  begin();
  session.send({start});
  run();
  stream().client_goes();
  run();
  EXPECT_EQ(session.unsubscriptions, 1);
  EXPECT_EQ(session.readers_lost, 1);
  EXPECT_FALSE(stream().finished);
  EXPECT_EQ(subscribers(), 0);
}

TEST_F(subscriber_test, what_comes_after_the_client_went_is_dropped) {
  begin(true);
  session.send({start});
  run();
  session.send({text("a", 2), done(3)});
  stream().client_goes();
  run();
  EXPECT_EQ(stream().writes.size(), 1u);
  EXPECT_EQ(session.readers_lost, 1);
}

TEST_F(subscriber_test, a_client_that_goes_during_the_opening_came_and_left) {
  start = new_start();
  stream_opens(start);
  exchange = call_only(method::post, stream_route, hello);
  exchange->client_goes();
  run();
  EXPECT_EQ(session.subscriptions.size(), 1u);
  EXPECT_EQ(session.unsubscriptions, 1);
  EXPECT_EQ(session.readers_lost, 1);
  EXPECT_FALSE(exchange->stream);
  EXPECT_TRUE(exchange->is_answered());
}

TEST_F(subscriber_test, a_client_that_goes_before_the_subscription_stands) {
  // The answer to `subscribe` takes its time.
  caf::typed_response_promise<actors::subscribed> later;
  start = new_start();
  stream_opens(start);
  session.on_subscribe = [this, &later](const actors::subscribe&) {
    later = session.promise();
    return caf::result<actors::subscribed>{later};
  };
  exchange = call(method::post, stream_route, hello);
  ASSERT_TRUE(exchange->stream);
  stream().client_goes();
  run();
  EXPECT_EQ(session.unsubscriptions, 1);
  EXPECT_EQ(session.readers_lost, 1);
  later.deliver(actors::subscribed{});
  run();
  EXPECT_EQ(subscribers(), 0);
}

TEST_F(subscriber_test, events_ahead_of_the_subscriptions_answer_wait_for_it) {
  caf::typed_response_promise<actors::subscribed> later;
  start = new_start();
  gateway.find_stream = [this](const actors::find_stream&) {
    return caf::result<actors::session_actor>{session.handle()};
  };
  session.on_subscribe = [this, &later](const actors::subscribe&) {
    later = session.promise();
    return caf::result<actors::subscribed>{later};
  };
  exchange =
    call(method::get, "/api/v1/chat/streams/" + start.stream.str() + "/events");
  session.send({start});
  run();
  EXPECT_FALSE(exchange->stream);
  stream_state state;
  state.id = start.stream;
  state.conversation = start.conversation;
  state.message = start.message;
  later.deliver(actors::subscribed{state, false});
  run();
  ASSERT_TRUE(exchange->stream);
  EXPECT_EQ(header_of(stream().headers, "X-Message-Id"), start.message.str());
  EXPECT_NE(stream().body().find("\"start\""), std::string::npos);
}

TEST_F(subscriber_test, the_head_goes_out_before_the_session_has_answered) {
  caf::typed_response_promise<actors::subscribed> never;
  start = new_start();
  stream_opens(start);
  session.on_subscribe = [this, &never](const actors::subscribe&) {
    never = session.promise();
    return caf::result<actors::subscribed>{never};
  };
  exchange = call(method::post, stream_route, hello);
  EXPECT_TRUE(exchange->stream);
  never.deliver(actors::subscribed{});
  run();
}

TEST_F(subscriber_test, a_dead_session_is_looked_for_once_more) {
  start = new_start();
  stream_opens(start);
  session.die();
  fake_session replay{system, loop};
  int looked_for = 0;
  gateway.find_stream = [&](const actors::find_stream& what) {
    ++looked_for;
    EXPECT_EQ(what.id, start.stream);
    return caf::result<actors::session_actor>{replay.handle()};
  };
  exchange = call(method::post, stream_route, hello);
  EXPECT_EQ(looked_for, 1);
  ASSERT_EQ(replay.subscriptions.size(), 1u);
  replay.send({start, done(2)});
  run();
  EXPECT_TRUE(stream().finished);
}

TEST_F(subscriber_test,
       a_stream_that_is_lost_after_the_head_ends_with_an_error) {
  start = new_start();
  stream_opens(start);
  session.die();
  gateway.find_stream = [](const actors::find_stream&) {
    return caf::result<actors::session_actor>{
      actors::to_caf({errc::storage_failed, "the disk is gone", {}, {}, {}})};
  };
  exchange = call(method::post, stream_route, hello);
  ASSERT_TRUE(exchange->stream);
  EXPECT_TRUE(stream().finished);
  EXPECT_NE(stream().body().find("\"code\":\"storage_failed\""),
            std::string::npos);
}

TEST_F(subscriber_test,
       the_latency_of_a_token_is_measured_until_it_is_written) {
  begin(true);
  const auto read_at = std::chrono::steady_clock::now().time_since_epoch();
  session.send({start, text("a", 2)},
               std::chrono::nanoseconds{read_at}.count());
  run();
  EXPECT_EQ(metrics.added_latency_token->sum(), 0);
  stream().take_write();
  run();
  EXPECT_GT(metrics.added_latency_token->sum(), 0);
}

// A session that sends whatever its credit allows, a socket that takes writes
// whenever it likes: the client gets every frame once and in order, and no
// more credit is ever out than was promised.
TEST_F(subscriber_test, any_interleaving_keeps_order_credit_and_every_frame) {
  for (std::uint32_t seed = 0; seed < 200; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random{seed};
    session.credit = 0;
    begin(true);
    std::string expected;
    seq_t seq = 1;
    const seq_t last = 2 + random() % 40;
    std::vector<event> batch{start};
    while (!stream().finished) {
      EXPECT_LE(session.credit, limits::reader_credit);
      if (seq <= last && session.credit > 0 && random() % 2 == 0) {
        for (auto n = random() % 3; n > 0 && seq < last; --n)
          batch.emplace_back(text("x", ++seq));
        if (seq == last && random() % 2 == 0)
          batch.emplace_back(done(++seq));
        for (const auto& item : batch)
          wire::append_frame(expected, item, wire::sse_dialect::native);
        session.send(std::exchange(batch, {}));
      } else {
        stream().take_write();
      }
      if (random() % 3 != 0)
        run();
    }
    EXPECT_EQ(stream().body(), expected);
    run();
  }
}

} // namespace parley::http::test
