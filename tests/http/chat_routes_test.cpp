// The three routes that start a stream: what they ask the gateway for, and what
// becomes of its answer.
#include <nlohmann/json.hpp>

#include "http/subscriber.hpp"
#include "tests/http/support/world.hpp"

namespace parley::http::test {

namespace {

constexpr auto stream_route = "/api/v1/chat/message/stream";
constexpr auto blocking_route = "/api/v1/chat/message";
constexpr auto start_route = "/api/v1/chat/streams";
constexpr auto all_routes = {stream_route, blocking_route, start_route};
constexpr auto hello = R"({"message":"hello"})";

done_event done(seq_t seq) {
  done_event x;
  x.seq = seq;
  return x;
}

class chat_routes : public world {
protected:
  chat_routes() {
    stream_opens(start);
    gateway.get_stream_state = [this](const actors::get_stream_state& what) {
      stream_state state;
      state.id = what.id;
      state.conversation = start.conversation;
      state.message = start.message;
      state.status = stream_status::generating;
      state.last_seq = 1;
      return caf::result<stream_state>{state};
    };
    gateway.get_message = [this](const actors::get_message& what) {
      EXPECT_EQ(what.conv, start.conversation);
      message found;
      found.id = what.id;
      found.conversation = what.conv;
      if (what.id == start.message) {
        found.role = role::assistant;
        found.content = "hello yourself";
        found.stream = start.stream;
        found.finish = finish;
        found.usage = usage{3, 2, true};
      } else {
        found.content = "hello";
      }
      return caf::result<message>{found};
    };
  }

  start_event start = new_start();
  finish_reason finish = finish_reason::stop;
};

} // namespace

// -- all three ----------------------------------------------------------------

TEST_F(chat_routes, pass_the_request_on) {
  settings.streams.on_disconnect = config::disconnect_default::cancel;
  settings.streams.cancel_after = std::chrono::milliseconds{1234};
  settings.limits.max_response_chars = 77;
  settings.llm.model = "m";
  for (const auto* route : all_routes) {
    opened.clear();
    call(method::post, route, R"({"message":"hello","model":"m"})",
         {{"idempotency-key", "k-1"}});
    ASSERT_EQ(opened.size(), 1u) << route;
    const auto& what = opened[0];
    EXPECT_EQ(what.loop, 3u);
    EXPECT_EQ(what.request.message, "hello");
    EXPECT_EQ(what.request.model, "m");
    EXPECT_EQ(what.request.idempotency_key, "k-1");
    EXPECT_EQ(what.request.max_response_chars, 77u);
    EXPECT_EQ(what.request.on_disconnect.kind,
              disconnect_policy::kind_t::cancel);
    EXPECT_EQ(what.request.on_disconnect.first_reader_grace.count(), 1234);
    EXPECT_NE(what.request.body_digest, 0u);
  }
}

TEST_F(chat_routes, refuse_a_model_that_is_not_listed) {
  const auto refused = [this](const char* name) {
    opened.clear();
    const auto exchange =
      call(method::post, stream_route,
           R"({"message":"hello","model":")" + std::string{name} + "\"}");
    return opened.empty() && exchange->failure
           && exchange->failure->code == errc::invalid_request
           && exchange->failure->field == "model";
  };
  EXPECT_TRUE(refused("m"));
  EXPECT_FALSE(refused(std::string{provider.name()}.c_str()));
  // An upstream may have more than it lists …
  settings.llm.base_url = "http://127.0.0.1:1/v1";
  EXPECT_FALSE(refused("m"));
  // … but a table is all there is.
  settings.models.push_back({"known", {}});
  EXPECT_TRUE(refused("m"));
  EXPECT_FALSE(refused("known"));
}

TEST_F(chat_routes, refuse_bad_bodies_and_keys_without_asking_anyone) {
  for (const auto* route : all_routes) {
    opened.clear();
    auto exchange = call(method::post, route, R"({"message":1})");
    ASSERT_TRUE(exchange->failure) << route;
    EXPECT_EQ(exchange->failure->field, "message");
    exchange = call(method::post, route, hello, {{"idempotency-key", "a b"}});
    ASSERT_TRUE(exchange->failure) << route;
    EXPECT_EQ(exchange->failure->code, errc::invalid_request);
    EXPECT_TRUE(opened.empty());
  }
}

TEST_F(chat_routes, keep_to_the_limits_of_the_settings) {
  settings.limits.max_message_chars = 4;
  for (const auto* route : all_routes) {
    const auto exchange = call(method::post, route, hello);
    ASSERT_TRUE(exchange->failure) << route;
    EXPECT_EQ(exchange->failure->code, errc::message_too_long);
  }
}

TEST_F(chat_routes, hand_the_gateways_refusal_to_the_client) {
  error busy{errc::conversation_busy, "it is answering", {}, "strm_1", {}};
  gateway.open_stream = [&busy](const actors::open_stream&) {
    return caf::result<actors::stream_opened>{actors::to_caf(busy)};
  };
  for (const auto* route : all_routes) {
    const auto exchange = call(method::post, route, hello);
    ASSERT_TRUE(exchange->failure) << route;
    EXPECT_EQ(*exchange->failure, busy);
  }
  EXPECT_TRUE(session.subscriptions.empty());
}

TEST_F(chat_routes, say_which_stream_it_is_and_whether_it_was_there_before) {
  for (const auto replayed : {false, true}) {
    stream_opens(start, replayed);
    const auto streamed = call(method::post, stream_route, hello);
    const auto started = call(method::post, start_route, hello);
    const auto waiting = call(method::post, blocking_route, hello);
    session.send({start, done(2)});
    run();
    ASSERT_TRUE(streamed->stream && started->answer && waiting->answer);
    for (const auto& headers :
         {streamed->stream->headers, started->answer->headers,
          waiting->answer->headers}) {
      EXPECT_EQ(header_of(headers, "X-Stream-Id"), start.stream.str());
      EXPECT_EQ(header_of(headers, "X-Conversation-Id"),
                start.conversation.str());
      EXPECT_EQ(header_of(headers, "X-Message-Id"), start.message.str());
      EXPECT_EQ(header_of(headers, "Idempotent-Replayed"),
                replayed ? "true" : "");
    }
    streamed->stream->client_goes();
    run();
  }
}

// -- POST /api/v1/chat/message/stream -----------------------------------------

TEST_F(chat_routes, the_stream_carries_ids_where_the_query_says_so) {
  const auto exchange =
    call(method::post, stream_route, hello, {}, {{"event_ids", "true"}});
  session.send({start, done(2)});
  run();
  const auto body = exchange->stream->body();
  EXPECT_TRUE(body.starts_with("retry: 1000\n\n"));
  EXPECT_NE(body.find("\nid: 1\n\n"), std::string::npos);
  EXPECT_NE(body.find("\nid: 2\n\n"), std::string::npos);
}

TEST_F(chat_routes, the_streams_query_is_checked_before_anything_is_stored) {
  const auto exchange =
    call(method::post, stream_route, hello, {}, {{"event_ids", "yes"}});
  ASSERT_TRUE(exchange->failure);
  EXPECT_EQ(exchange->failure->field, "event_ids");
  EXPECT_TRUE(opened.empty());
}

TEST_F(chat_routes, a_replayed_stream_that_has_ended_is_brought_back) {
  gateway.open_stream = [this](const actors::open_stream&) {
    return caf::result<actors::stream_opened>{
      actors::stream_opened{start, true, {}}};
  };
  gateway.find_stream = [this](const actors::find_stream& what) {
    EXPECT_EQ(what.id, start.stream);
    return caf::result<actors::session_actor>{session.handle()};
  };
  const auto exchange = call(method::post, stream_route, hello);
  session.send({start, done(2)});
  run();
  EXPECT_TRUE(exchange->stream->finished);
}

// -- POST /api/v1/chat/message ------------------------------------------------

TEST_F(chat_routes, the_blocking_answer_comes_when_the_stream_is_over) {
  finish = finish_reason::length;
  const auto exchange = call(method::post, blocking_route, hello);
  EXPECT_EQ(session.subscriptions.size(), 1u);
  EXPECT_EQ(metrics.subscribers->value(), 1);
  session.send({start, text_event{text_kind::content, "hello", 6}});
  run();
  EXPECT_FALSE(exchange->is_answered());
  EXPECT_EQ(session.credit, limits::reader_credit);
  session.send({done(7)});
  session.die();
  run();
  ASSERT_TRUE(exchange->answer);
  EXPECT_EQ(exchange->answer->status, 200);
  const auto body = nlohmann::json::parse(exchange->answer->body);
  EXPECT_EQ(body["stream_id"], start.stream.str());
  EXPECT_EQ(body["conversation_id"], start.conversation.str());
  EXPECT_EQ(body["user_message"]["content"], "hello");
  EXPECT_EQ(body["message"]["content"], "hello yourself");
  EXPECT_EQ(body["finish_reason"], "length");
  EXPECT_EQ(body["usage"]["total_tokens"], 5);
  EXPECT_EQ(metrics.subscribers->value(), 0);
}

TEST_F(chat_routes, a_stream_that_failed_is_a_failed_blocking_answer) {
  const auto exchange = call(method::post, blocking_route, hello);
  session.send(
    {start, error_event{errc::upstream_timeout, "it took too long", true, 2}});
  run();
  ASSERT_TRUE(exchange->answer);
  EXPECT_EQ(exchange->answer->status, 504);
  EXPECT_EQ(exchange->answer->headers,
            stream_headers(start.stream, start.conversation, start.message));
  const auto body = nlohmann::json::parse(exchange->answer->body);
  EXPECT_EQ(body["code"], "upstream_timeout");
  EXPECT_EQ(body["detail"], "it took too long");
  EXPECT_EQ(session.readers_lost, 1);
}

TEST_F(chat_routes, a_blocking_client_that_goes_is_a_reader_that_left) {
  const auto exchange = call(method::post, blocking_route, hello);
  exchange->client_goes();
  run();
  EXPECT_EQ(session.unsubscriptions, 1);
  EXPECT_EQ(session.readers_lost, 1);
  EXPECT_TRUE(exchange->is_answered());
}

TEST_F(chat_routes, a_blocking_client_that_goes_at_once_came_and_left) {
  const auto exchange = call_only(method::post, blocking_route, hello);
  exchange->client_goes();
  run();
  EXPECT_EQ(session.subscriptions.size(), 1u);
  EXPECT_EQ(session.unsubscriptions, 1);
  EXPECT_EQ(session.readers_lost, 1);
}

TEST_F(chat_routes, a_session_that_dies_fails_the_blocking_answer) {
  const auto exchange = call(method::post, blocking_route, hello);
  session.die();
  run();
  ASSERT_TRUE(exchange->answer);
  EXPECT_EQ(exchange->answer->status, 500);
}

TEST_F(chat_routes, messages_that_cannot_be_read_fail_the_blocking_answer) {
  gateway.get_message = [](const actors::get_message&) {
    return caf::result<message>{
      actors::to_caf({errc::storage_failed, "no disk", {}, {}, {}})};
  };
  const auto exchange = call(method::post, blocking_route, hello);
  session.send({start, done(2)});
  run();
  ASSERT_TRUE(exchange->answer);
  EXPECT_EQ(exchange->answer->status, 503);
}

// -- POST /api/v1/chat/streams ------------------------------------------------

TEST_F(chat_routes, a_started_stream_is_told_with_its_place_and_has_no_reader) {
  const auto exchange = call(method::post, start_route, hello);
  ASSERT_TRUE(exchange->answer);
  EXPECT_EQ(exchange->answer->status, 202);
  EXPECT_EQ(header_of(exchange->answer->headers, "Location"),
            "/api/v1/chat/streams/" + start.stream.str());
  const auto body = nlohmann::json::parse(exchange->answer->body);
  EXPECT_EQ(body["id"], start.stream.str());
  EXPECT_EQ(body["status"], "generating");
  EXPECT_TRUE(session.subscriptions.empty());
}

} // namespace parley::http::test
