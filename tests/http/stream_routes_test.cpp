// A stream's state, its events and its cancellation.
#include <caf/exit_reason.hpp>
#include <nlohmann/json.hpp>

#include "tests/http/support/world.hpp"

namespace parley::http::test {

namespace {

class stream_routes : public world {
protected:
  stream_routes() {
    state.id = start.stream;
    state.conversation = start.conversation;
    state.message = start.message;
    state.status = stream_status::generating;
    state.last_seq = 40;
    gateway.find_stream = [this](const actors::find_stream& what) {
      EXPECT_EQ(what.id, start.stream);
      EXPECT_EQ(what.loop, 3u);
      return caf::result<actors::session_actor>{session.handle()};
    };
    gateway.get_stream_state = [this](const actors::get_stream_state&) {
      return caf::result<stream_state>{state};
    };
    session.on_subscribe = [this](const actors::subscribe&) {
      return caf::result<actors::subscribed>{
        actors::subscribed{state, end_seen}};
    };
  }

  std::string path(std::string_view below = {}) const {
    return "/api/v1/chat/streams/" + start.stream.str() + std::string{below};
  }

  start_event start = new_start();
  stream_state state;
  bool end_seen = false;
};

} // namespace

// -- state and cancel ---------------------------------------------------------

TEST_F(stream_routes, tell_the_state) {
  const auto exchange = call(method::get, path());
  ASSERT_TRUE(exchange->answer);
  const auto body = nlohmann::json::parse(exchange->answer->body);
  EXPECT_EQ(body["id"], start.stream.str());
  EXPECT_EQ(body["last_seq"], 40);
}

TEST_F(stream_routes, cancel_answers_with_the_state_that_came_of_it) {
  gateway.cancel_stream = [this](const actors::cancel_stream& what) {
    EXPECT_EQ(what.id, start.stream);
    state.status = stream_status::cancelled;
    return caf::result<stream_state>{state};
  };
  const auto exchange = call(method::post, path("/cancel"));
  ASSERT_TRUE(exchange->answer);
  EXPECT_EQ(exchange->answer->status, 200);
  EXPECT_NE(exchange->answer->body.find("\"cancelled\""), std::string::npos);
}

TEST_F(stream_routes, an_id_that_can_be_none_of_ours_is_not_found) {
  for (const auto* below : {"", "/events", "/cancel"}) {
    const auto on =
      below == std::string_view{"/cancel"} ? method::post : method::get;
    const auto exchange =
      call(on, "/api/v1/chat/streams/strm_nope" + std::string{below});
    ASSERT_TRUE(exchange->failure) << below;
    EXPECT_EQ(exchange->failure->code, errc::stream_not_found);
  }
}

// -- events -------------------------------------------------------------------

TEST_F(stream_routes, events_begin_with_retry_and_carry_ids) {
  const auto exchange = call(method::get, path("/events"));
  ASSERT_TRUE(exchange->stream);
  EXPECT_EQ(exchange->stream->body(), "retry: 1000\n\n");
  EXPECT_EQ(header_of(exchange->stream->headers, "X-Stream-Id"),
            start.stream.str());
  EXPECT_EQ(session.subscriptions.at(0).after, 0u);
  session.send({text_event{text_kind::content, "a", 2}});
  run();
  EXPECT_EQ(
    exchange->stream->body(),
    "retry: 1000\n\n"
    "data: {\"chunk\":\"a\",\"type\":\"content\",\"seq\":2}\nid: 2\n\n");
}

TEST_F(stream_routes, events_continue_behind_the_cursor) {
  call(method::get, path("/events"), {}, {{"last-event-id", "17"}},
       {{"last_event_id", "3"}});
  ASSERT_EQ(session.subscriptions.size(), 1u);
  EXPECT_EQ(session.subscriptions[0].after, 17u);
}

TEST_F(stream_routes, events_with_a_malformed_cursor_are_refused_unasked) {
  const auto exchange =
    call(method::get, path("/events"), {}, {{"last-event-id", "x"}});
  ASSERT_TRUE(exchange->failure);
  EXPECT_EQ(exchange->failure->code, errc::invalid_cursor);
  EXPECT_TRUE(session.subscriptions.empty());
}

TEST_F(stream_routes, events_for_a_reader_that_has_seen_the_end_are_204) {
  end_seen = true;
  const auto exchange =
    call(method::get, path("/events"), {}, {{"last-event-id", "41"}});
  ASSERT_TRUE(exchange->answer);
  EXPECT_EQ(exchange->answer->status, 204);
  EXPECT_FALSE(exchange->stream);
  EXPECT_EQ(session.readers_lost, 1);
}

TEST_F(stream_routes, events_of_no_stream_and_of_an_expired_one_are_errors) {
  for (const auto code : {errc::stream_not_found, errc::stream_expired}) {
    gateway.find_stream = [code](const actors::find_stream&) {
      return caf::result<actors::session_actor>{
        actors::to_caf({code, "it is not there", {}, "msg_1", {}})};
    };
    const auto exchange = call(method::get, path("/events"));
    ASSERT_TRUE(exchange->failure);
    EXPECT_EQ(exchange->failure->code, code);
    EXPECT_EQ(exchange->failure->reference, "msg_1");
  }
}

TEST_F(stream_routes, events_ahead_of_the_stream_are_refused_by_the_session) {
  session.on_subscribe = [](const actors::subscribe&) {
    return caf::result<actors::subscribed>{
      actors::to_caf({errc::invalid_cursor, "ahead", {}, {}, {}})};
  };
  const auto exchange =
    call(method::get, path("/events"), {}, {{"last-event-id", "99"}});
  ASSERT_TRUE(exchange->failure);
  EXPECT_EQ(exchange->failure->code, errc::invalid_cursor);
}

TEST_F(stream_routes, a_client_that_goes_before_the_session_answers_is_no_end) {
  const auto exchange = call_only(method::get, path("/events"));
  exchange->client_goes();
  run();
  EXPECT_TRUE(exchange->is_answered());
  EXPECT_FALSE(exchange->stream);
  EXPECT_EQ(session.readers_lost, 1);
}

TEST_F(stream_routes, a_session_that_ends_just_then_is_found_again) {
  session.die();
  fake_session replay{system, loop};
  int looked_for = 0;
  gateway.find_stream = [&](const actors::find_stream&) {
    return caf::result<actors::session_actor>{
      ++looked_for == 1 ? session.handle() : replay.handle()};
  };
  const auto exchange = call(method::get, path("/events"));
  EXPECT_TRUE(exchange->stream);
  EXPECT_EQ(replay.subscriptions.size(), 1u);
}

TEST_F(stream_routes, sessions_that_always_end_are_an_error_in_the_end) {
  session.die();
  const auto exchange = call(method::get, path("/events"));
  ASSERT_TRUE(exchange->failure);
  EXPECT_EQ(exchange->failure->code, errc::internal);
}

TEST_F(stream_routes, a_state_is_asked_for_again_where_its_session_just_ended) {
  int asked = 0;
  const auto play = [this, &asked](const auto&) {
    return ++asked % 2 == 1 ? caf::result<stream_state>{caf::make_error(
             caf::exit_reason::unreachable)}
                            : caf::result<stream_state>{state};
  };
  gateway.get_stream_state = play;
  gateway.cancel_stream = play;
  EXPECT_TRUE(call(method::get, path())->answer);
  EXPECT_TRUE(call(method::post, path("/cancel"))->answer);
  EXPECT_EQ(asked, 4);
}

TEST_F(stream_routes, a_state_that_nobody_can_tell_is_an_error) {
  int asked = 0;
  gateway.get_stream_state = [&asked](const actors::get_stream_state&) {
    ++asked;
    return caf::result<stream_state>{
      caf::make_error(caf::exit_reason::unreachable)};
  };
  const auto exchange = call(method::get, path());
  ASSERT_TRUE(exchange->failure);
  EXPECT_EQ(exchange->failure->code, errc::internal);
  EXPECT_EQ(asked, 3);
}

TEST_F(stream_routes, many_readers_of_one_stream_do_not_disturb_each_other) {
  const auto first = call(method::get, path("/events"));
  fake_session other{system, loop};
  gateway.find_stream = [&other](const actors::find_stream&) {
    return caf::result<actors::session_actor>{other.handle()};
  };
  const auto second = call(method::get, path("/events"));
  first->stream->client_goes();
  other.send({start});
  run();
  EXPECT_NE(second->stream->body().find("\"start\""), std::string::npos);
  EXPECT_EQ(other.readers_lost, 0);
}

// -- HEAD ---------------------------------------------------------------------

TEST_F(stream_routes, a_head_of_events_tells_the_type_and_reads_nothing) {
  const auto exchange = call(method::head, path("/events"));
  ASSERT_TRUE(exchange->answer);
  EXPECT_EQ(exchange->answer->status, 200);
  EXPECT_EQ(exchange->answer->content_type, "text/event-stream; charset=utf-8");
  EXPECT_TRUE(session.subscriptions.empty());
}

TEST_F(stream_routes, a_head_of_events_judges_the_cursor_as_get_does) {
  auto exchange =
    call(method::head, path("/events"), {}, {{"last-event-id", "41"}});
  ASSERT_TRUE(exchange->failure);
  EXPECT_EQ(exchange->failure->code, errc::invalid_cursor);
  state.status = stream_status::complete;
  exchange = call(method::head, path("/events"), {}, {{"last-event-id", "40"}});
  ASSERT_TRUE(exchange->answer);
  EXPECT_EQ(exchange->answer->status, 204);
  exchange = call(method::head, path("/events"), {}, {{"last-event-id", "39"}});
  ASSERT_TRUE(exchange->answer);
  EXPECT_EQ(exchange->answer->status, 200);
}

} // namespace parley::http::test
