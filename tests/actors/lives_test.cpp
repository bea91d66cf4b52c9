// Deaths and returns: actors that die by a bug, streams that come back from the
// store, a node that drains, a process that was killed.
#include "tests/actors/support/world.hpp"

#include <stdexcept>

#include "actors/recovery.hpp"
#include "actors/stream_outcome.hpp"
#include "chat/limits.hpp"

#undef CAF_SUITE
#define CAF_SUITE lives

using namespace parley;
using namespace parley::tests;

CAF_TEST_FIXTURE_SCOPE(lives_tests, world)

// -- death by a bug -----------------------------------------------------------

CAF_TEST(a provider that throws fails the stream and nothing else) {
  provider.throws = true;
  auto opened = open(ask());
  auto reader = replay(opened.start.stream);
  CAF_REQUIRE(reader.failure() != nullptr);
  CAF_CHECK_EQUAL(reader.failure()->code, errc::internal);
  CAF_CHECK_EQUAL(reader.broken_promise(), "");
  CAF_CHECK_EQUAL(answer_of(opened).status, message_status::failed);
  CAF_CHECK(conversation_of(opened).active_stream.empty());
  provider.throws = false;
  auto next = open(ask_again(opened));
  upstream().finish();
  settle();
  CAF_CHECK_EQUAL(answer_of(next).status, message_status::complete);
  advance(10s); // what was brought back to be looked at
  CAF_CHECK_EQUAL(streams_alive(), 0u);
}

CAF_TEST(a session that throws leaves no message generating) {
  auto throws = true;
  upstream_model = [&](const std::string& name) {
    if (throws)
      throw std::runtime_error{"the test's names throw"};
    return name;
  };
  auto request = ask();
  request.idempotency_key = "k"; // asks behind the accept
  CAF_CHECK_EQUAL(try_open(request).code(), errc::internal);
  // The accept was stored before the session died.
  auto left = store.open_streams();
  CAF_REQUIRE_EQUAL(left->size(), 1u);
  stream_opened opened{start_of(left->front()), false, {}};
  advance(1s);
  CAF_CHECK_EQUAL(answer_of(opened).status, message_status::failed);
  CAF_CHECK(conversation_of(opened).active_stream.empty());
  CAF_CHECK_EQUAL(streams_in_flight(), 0);
  CAF_CHECK_EQUAL(streams_alive(), 0u);
  throws = false;
  auto next = open(ask_again(opened));
  upstream().finish();
  settle();
  CAF_CHECK_EQUAL(answer_of(next).status, message_status::complete);
}

CAF_TEST(a session that dies in the middle keeps what reached the store) {
  auto opened = open(ask());
  auto reader = read(opened.session);
  upstream().emit("seen ");
  advance(settings.streams.flush_interval);
  upstream().emit("and this");
  settle();
  caf::anon_send_exit(opened.session, caf::exit_reason::kill);
  settle();
  CAF_CHECK(upstream().cancelled());
  // Being closed; nobody is told that it is not there.
  CAF_CHECK_EQUAL(
    ask_node<session_actor>(find_stream{opened.start.stream, 0}).code(),
    errc::overloaded);
  advance(1s);
  auto rest = read(find(opened.start.stream), reader.last_seq());
  CAF_REQUIRE(rest.failure() != nullptr);
  CAF_CHECK_EQUAL(rest.failure()->code, errc::internal);
  CAF_CHECK(rest.failure()->seq > reader.last_seq());
  CAF_CHECK_EQUAL(answer_of(opened).content, "seen and this");
  CAF_CHECK_EQUAL(reader.text(), "seen and this");
  CAF_CHECK_EQUAL(streams_in_flight(), 0);
}

CAF_TEST(the end of a dead session is written when the store can) {
  auto opened = open(ask());
  upstream().emit("text");
  advance(1s);
  store.full = true;
  caf::anon_send_exit(opened.session, caf::exit_reason::kill);
  advance(10s);
  CAF_CHECK_EQUAL(answer_of(opened).status, message_status::generating);
  store.full = false;
  advance(1s);
  CAF_CHECK_EQUAL(answer_of(opened).status, message_status::failed);
  CAF_CHECK(conversation_of(opened).active_stream.empty());
}

CAF_TEST(with the registry die its sessions and their upstreams) {
  auto opened = open(ask());
  caf::anon_send_exit(registry(), caf::exit_reason::user_shutdown);
  settle();
  CAF_CHECK(upstream().cancelled());
}

// -- back from the store ------------------------------------------------------

CAF_TEST(a stream from the store equals the live one for every cursor) {
  auto opened = open(ask());
  auto live = read(opened.session);
  upstream().emit("think ß", text_kind::reasoning);
  upstream().emit("aß€");
  llm::deltas call;
  call.items.emplace_back(tool_call{0, "c1", "add", "{}"});
  upstream().emit(call);
  upstream().emit("😀 end");
  upstream().finish(finish_reason::tool_calls, usage{1, 2, false});
  settle();
  auto slow = read_slowly(find(opened.start.stream), 0, 0);
  auto session = find(opened.start.stream);
  CAF_CHECK(session != opened.session);
  auto whole = read(session);
  CAF_CHECK(whole.frames() == live.frames());
  for (seq_t after = 0; after < live.last_seq(); ++after) {
    auto reader = read(find(opened.start.stream), after);
    CAF_CHECK_EQUAL(reader.broken_promise(after), "");
    CAF_CHECK(reader.frames().back() == live.frames().back());
    auto all = live.text(text_kind::reasoning) + live.text();
    auto rest = reader.text(text_kind::reasoning) + reader.text();
    CAF_CHECK(all.ends_with(rest));
  }
  advance(10s); // what was brought back to be looked at
  CAF_CHECK_EQUAL(streams_alive(), 0u);
}

CAF_TEST(many who ask at once bring a stream back once) {
  auto opened = open(ask());
  upstream().emit("x");
  upstream().finish();
  settle();
  std::vector<answer<session_actor>> found;
  for (auto i = 0; i < 10; ++i)
    found.push_back(send_request<session_actor>(
      gateway(), find_stream{opened.start.stream, 0}));
  settle();
  for (const auto& one : found)
    CAF_CHECK(one.value() == found[0].value());
  CAF_CHECK_EQUAL(streams_alive(), 1u);
  // One whose reader never comes does not stay.
  found.clear();
  advance(10s);
  CAF_CHECK_EQUAL(streams_alive(), 0u);
}

CAF_TEST(a stream that came back does not count as running) {
  settings.limits.max_streams = 1;
  auto opened = open(ask());
  upstream().emit("x");
  upstream().finish();
  settle();
  auto slow = read_slowly(find(opened.start.stream), 0, 0);
  CAF_CHECK_EQUAL(state_of(opened).status, stream_status::complete);
  auto next = open(ask_again(opened));
  upstream().finish();
  settle();
  CAF_CHECK_EQUAL(streams_in_flight(), 0);
}

CAF_TEST(an unknown stream is not found) {
  auto id = *stream_id::parse("strm_00000000000000000000000000");
  CAF_CHECK_EQUAL(ask_node<session_actor>(find_stream{id, 0}).code(),
                  errc::stream_not_found);
  CAF_CHECK_EQUAL(ask_node<stream_state>(get_stream_state{id}).code(),
                  errc::stream_not_found);
  CAF_CHECK_EQUAL(ask_node<stream_state>(cancel_stream{id}).code(),
                  errc::stream_not_found);
}

CAF_TEST(a stream older than its retention has expired) {
  auto opened = open(ask());
  upstream().finish();
  settle();
  auto record = *store.get_stream(opened.start.stream);
  record.finished_at = {timestamp::now().ms - settings.streams.retention.count()
                        - 1000};
  std::vector<storage::mutation> writes{storage::put_stream{record}};
  CAF_REQUIRE(store.inner().write(writes, storage::sync_mode::none));
  // Before the sweep, and behind it.
  for (auto wait : {0s, 120s}) {
    advance(wait);
    auto found = ask_node<session_actor>(find_stream{opened.start.stream, 0});
    CAF_CHECK_EQUAL(found.code(), errc::stream_expired);
    CAF_CHECK_EQUAL(found.why().reference, opened.start.message.str());
  }
  CAF_CHECK_EQUAL(answer_of(opened).status, message_status::complete);
}

CAF_TEST(a store that cannot be read is told and asked again) {
  auto opened = open(ask());
  upstream().emit("x");
  upstream().finish();
  settle();
  store.unreadable = true;
  CAF_CHECK_EQUAL(
    ask_node<session_actor>(find_stream{opened.start.stream, 0}).code(),
    errc::storage_failed);
  store.unreadable = false;
  CAF_CHECK_EQUAL(replay(opened.start.stream).text(), "x");
}

// -- drain --------------------------------------------------------------------

CAF_TEST(a drain takes no new streams and waits for the running) {
  auto opened = open(ask());
  auto drained = send_request<caf::unit_t>(registry(), drain{30s});
  settle();
  CAF_CHECK_EQUAL(try_open(ask()).code(), errc::draining);
  CAF_CHECK(!ask_node<node_status>(get_node_status{}).value().ready);
  advance(10s);
  CAF_CHECK(drained.pending());
  upstream().emit("in time");
  upstream().finish();
  settle();
  CAF_CHECK(!drained.pending());
  CAF_CHECK_EQUAL(answer_of(opened).status, message_status::complete);
}

CAF_TEST(a drain of nothing is over at once) {
  auto drained = send_request<caf::unit_t>(registry(), drain{30s});
  settle();
  CAF_CHECK(!drained.pending());
}

CAF_TEST(when the grace is over streams end and keep their text) {
  auto opened = open(ask());
  auto reader = read(opened.session);
  upstream().emit("so far");
  auto drained = send_request<caf::unit_t>(registry(), drain{30s});
  advance(30s);
  CAF_CHECK(!drained.pending());
  CAF_CHECK(upstream().cancelled());
  CAF_REQUIRE(reader.failure() != nullptr);
  CAF_CHECK_EQUAL(reader.failure()->code, errc::server_shutdown);
  CAF_CHECK_EQUAL(answer_of(opened).status, message_status::interrupted);
  CAF_CHECK_EQUAL(answer_of(opened).content, "so far");
}

CAF_TEST(a drain waits for readers that have not taken the end) {
  auto opened = open(ask());
  auto reader = read_slowly(opened.session, 0, 1);
  upstream().emit("text");
  upstream().finish();
  auto drained = send_request<caf::unit_t>(registry(), drain{30s});
  advance(1s);
  CAF_CHECK(drained.pending());
  reader.grant(opened.session, 1);
  settle();
  CAF_CHECK(!drained.pending());
  CAF_CHECK_EQUAL(reader.text(), "text");
  CAF_CHECK(reader.done() != nullptr);
}

CAF_TEST(a reader that takes nothing does not keep a drain from ending) {
  auto opened = open(ask());
  auto reader = read_slowly(opened.session, 0, 1);
  upstream().emit("text");
  upstream().finish();
  auto drained = send_request<caf::unit_t>(registry(), drain{30s});
  advance(30s);
  CAF_CHECK(!drained.pending());
}

CAF_TEST(a drain does not wait for a stream that was brought back unread) {
  auto opened = open(ask());
  upstream().finish();
  settle();
  (void)ask_node<session_actor>(find_stream{opened.start.stream, 0}).value();
  auto drained = send_request<caf::unit_t>(registry(), drain{30s});
  settle();
  CAF_CHECK(!drained.pending());
}

CAF_TEST(a broken store does not keep a drain from ending) {
  open(ask());
  upstream().emit("so far");
  advance(1s);
  store.full = true;
  auto drained = send_request<caf::unit_t>(registry(), drain{1s});
  advance(1s);
  CAF_CHECK(drained.pending());
  advance(5s);
  CAF_CHECK(!drained.pending());
  store.full = false;
  advance(1s);
}

CAF_TEST(a stream that waits for its model is refused by a drain) {
  settings.llm.model.clear();
  provider.scripted.set_models(fail(errc::upstream_unreachable, "no"));
  registry();
  advance(1min);
  auto waiting = send_request<stream_opened>(gateway(), open_stream{ask(), 0});
  auto drained = send_request<caf::unit_t>(registry(), drain{1s});
  advance(1min);
  CAF_CHECK(!waiting.pending());
  CAF_CHECK(!drained.pending());
  if (starts() > 0)
    CAF_CHECK(upstream().cancelled());
}

// -- a process that was killed ------------------------------------------------

CAF_TEST(what a dead process left open is closed at the start) {
  auto opened = open(ask());
  auto reader = read(opened.session);
  upstream().emit("shown ");
  advance(settings.streams.flush_interval);
  upstream().emit("lost");
  settle();
  // Its store, as the next process finds it.
  auto closed = close_open_streams(store);
  CAF_REQUIRE(closed.has_value());
  CAF_CHECK_EQUAL(*closed, 1u);
  CAF_CHECK_EQUAL(answer_of(opened).status, message_status::interrupted);
  CAF_CHECK_EQUAL(answer_of(opened).content, "shown ");
  CAF_CHECK(conversation_of(opened).active_stream.empty());
  auto record = *store.get_stream(opened.start.stream);
  CAF_CHECK_EQUAL(record.status, stream_status::interrupted);
  CAF_CHECK_EQUAL(record.last_seq, limits::interrupted_seq);
  CAF_CHECK(record.last_seq > reader.last_seq());
  CAF_REQUIRE(record.error.has_value());
  CAF_CHECK_EQUAL(record.error->code, errc::interrupted);
  CAF_CHECK_EQUAL(*close_open_streams(store), 0u);
}

CAF_TEST(a store that fails while streams are closed is told) {
  open(ask());
  store.full = true;
  CAF_CHECK(!close_open_streams(store));
  store.full = false;
  CAF_CHECK_EQUAL(*close_open_streams(store), 1u);
}

// -- pure ---------------------------------------------------------------------

CAF_TEST(every end has its status) {
  auto with_reason = [](finish_reason reason) {
    return status_of(done_event{reason, {}, {}, 0});
  };
  CAF_CHECK_EQUAL(with_reason(finish_reason::stop), stream_status::complete);
  CAF_CHECK_EQUAL(with_reason(finish_reason::content_filter),
                  stream_status::complete);
  CAF_CHECK_EQUAL(with_reason(finish_reason::length), stream_status::truncated);
  CAF_CHECK_EQUAL(with_reason(finish_reason::cancelled),
                  stream_status::cancelled);
  for (auto code : {errc::server_shutdown, errc::interrupted, errc::node_lost})
    CAF_CHECK_EQUAL(status_of(error_event{code, {}, true, 0}),
                    stream_status::interrupted);
  CAF_CHECK_EQUAL(status_of(error_event{errc::storage_failed, {}, true, 0}),
                  stream_status::failed);
  CAF_CHECK_EQUAL(estimate_tokens(0), 0u);
  CAF_CHECK_EQUAL(estimate_tokens(1), 1u);
  CAF_CHECK_EQUAL(estimate_tokens(8), 2u);
}

// A reader whose request it did not answer any more asks the registry again,
// and must not be given the same session until its end is noticed.
CAF_TEST(a session tells the registry that it leaves before it does) {
  auto opened = open(ask());
  auto reader = read_slowly(opened.session, 0, 1);
  upstream().emit("text");
  upstream().finish();
  settle();
  reader.unsubscribe(opened.session);
  expect((unsubscribe), to(opened.session));
  expect((session_leaving), from(opened.session).to(registry()));
  settle();
  CAF_CHECK(find(opened.start.stream) != opened.session);
}

// Thirty equal requests find the stream ended; the first reader that is done
// must not take the session away from those that were given it.
CAF_TEST(a session that was brought back serves all who were given it) {
  auto opened = open(ask());
  {
    auto reader = read(opened.session);
    upstream().emit("text");
    upstream().finish();
    settle();
  }
  auto brought_back = find(opened.start.stream);
  for (auto i = 0; i < 10; ++i) {
    auto reader = read(brought_back);
    CAF_CHECK(reader.done() != nullptr);
  }
  advance(1min);
  CAF_CHECK_EQUAL(streams_alive(), 0u);
}

CAF_TEST_FIXTURE_SCOPE_END()
