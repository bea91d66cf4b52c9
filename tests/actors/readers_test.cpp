// Readers of a stream: slow ones, many of them, late ones; and what happens
// when they are gone, or cancel.
#include "tests/actors/support/world.hpp"

#include "chat/limits.hpp"
#include "chat/utf8.hpp"

#undef CAF_SUITE
#define CAF_SUITE readers

using namespace parley;
using namespace parley::tests;

namespace {

chat_request with_policy(disconnect_policy policy) {
  auto made = world::ask();
  made.on_disconnect = policy;
  return made;
}

constexpr auto keep = disconnect_policy::kind_t::keep;
constexpr auto cancel = disconnect_policy::kind_t::cancel;
constexpr auto cancel_after = disconnect_policy::kind_t::cancel_after;

} // namespace

CAF_TEST_FIXTURE_SCOPE(reader_tests, world)

// -- credit -------------------------------------------------------------------

CAF_TEST(a reader without credit gets nothing and then one joined frame) {
  auto opened = open(ask());
  auto slow = read_slowly(opened.session, 0, 0);
  auto quick = read(opened.session);
  for (auto i = 0; i < 100; ++i) {
    upstream().emit("word ");
    settle();
  }
  CAF_CHECK_EQUAL(slow.batches(), 0u);
  slow.grant(opened.session);
  settle();
  CAF_CHECK_EQUAL(slow.batches(), 1u);
  CAF_CHECK_EQUAL(slow.frames().size(), 2u); // start, all text
  CAF_CHECK_EQUAL(slow.text(), quick.text());
  upstream().finish();
  settle();
  CAF_CHECK(quick.done() != nullptr);
  CAF_CHECK(slow.done() == nullptr);
  slow.grant(opened.session);
  settle();
  CAF_CHECK(slow.done() != nullptr);
  CAF_CHECK_EQUAL(slow.broken_promise(), "");
  CAF_CHECK_EQUAL(streams_alive(), 0u);
}

CAF_TEST(a reader that lags behind the end keeps the session until it has all) {
  auto opened = open(ask());
  auto slow = read_slowly(opened.session, 0, 1);
  upstream().emit("text");
  upstream().finish();
  settle();
  advance(1h);
  CAF_CHECK_EQUAL(slow.text(), "");
  CAF_CHECK_EQUAL(answer_of(opened).status, message_status::complete);
  slow.grant(opened.session);
  settle();
  CAF_CHECK_EQUAL(slow.text(), "text");
  CAF_CHECK(slow.done() != nullptr);
}

CAF_TEST(credit is bounded however much a reader grants) {
  auto opened = open(ask());
  auto reader = read_slowly(opened.session, 0, 1'000'000);
  reader.grant(opened.session, 1'000'000);
  settle();
  for (auto i = 0; i < 10; ++i) {
    upstream().emit("x");
    settle();
  }
  // What it got before it granted more, and what it granted.
  CAF_CHECK(reader.batches() <= 2 * limits::reader_credit);
  upstream().finish();
  settle();
}

CAF_TEST(a long answer reaches a late reader in bounded messages) {
  auto request = ask();
  request.max_response_chars = limits::max_response_chars;
  auto opened = open(request);
  upstream().emit(std::string(limits::max_batch_bytes * 3, 'x'));
  settle();
  auto reader = read_slowly(opened.session, 0, 2);
  CAF_CHECK_EQUAL(reader.batches(), 2u);
  CAF_CHECK_EQUAL(reader.text().size(), 2 * limits::max_batch_bytes);
  reader.grant(opened.session, 2);
  settle();
  CAF_CHECK_EQUAL(reader.text().size(), 3 * limits::max_batch_bytes);
  upstream().finish();
  settle();
  CAF_CHECK_EQUAL(reader.broken_promise(), "");
}

CAF_TEST(progress uses credit and is never sent twice) {
  auto opened = open(ask());
  auto reader = read_slowly(opened.session, 0, 1);
  CAF_CHECK_EQUAL(reader.batches(), 1u); // start with queued and connecting
  CAF_CHECK_EQUAL(reader.progress().size(), 2u);
  upstream().connect();
  settle();
  CAF_CHECK_EQUAL(reader.progress().size(), 2u);
  reader.grant(opened.session, 2);
  settle();
  CAF_CHECK_EQUAL(reader.progress().size(), 3u);
  CAF_CHECK_EQUAL(reader.batches(), 2u);
  upstream().emit("x");
  settle();
  CAF_CHECK_EQUAL(reader.progress().size(), 3u);
  CAF_CHECK_EQUAL(reader.broken_promise(), "");
  // Nobody is told of what is over.
  auto late = read(opened.session);
  CAF_CHECK(late.progress().empty());
  upstream().finish();
  settle();
}

CAF_TEST(progress that finds a reader without credit comes before the text) {
  auto opened = open(ask());
  auto reader = read_slowly(opened.session, 0, 1);
  upstream().connect();
  upstream().emit("x");
  settle();
  CAF_CHECK_EQUAL(reader.batches(), 1u);
  reader.grant(opened.session, 1);
  settle();
  CAF_CHECK_EQUAL(reader.batches(), 2u);
  CAF_CHECK_EQUAL(reader.progress().back().stage, progress_stage::waiting);
  CAF_CHECK_EQUAL(reader.text(), "x");
  CAF_CHECK(!reader.overrun());
  upstream().finish();
  settle();
}

// -- joining ------------------------------------------------------------------

CAF_TEST(readers that join at every cursor get exactly the rest) {
  const std::string text = "aß€😀 and some more";
  auto opened = open(ask());
  upstream().emit("aß€");
  upstream().emit("😀 and");
  settle();
  auto from_start = read(opened.session);
  auto last = from_start.last_seq();
  std::vector<fake_reader> readers;
  for (seq_t after = 0; after <= last; ++after)
    readers.push_back(read(opened.session, after));
  upstream().emit(" some more");
  upstream().finish();
  settle();
  CAF_CHECK_EQUAL(from_start.text(), text);
  for (seq_t after = 0; after <= last; ++after) {
    auto& reader = readers[after];
    auto skipped = after == 0 ? 0 : after - 1;
    CAF_CHECK_EQUAL(reader.text(),
                    text.substr(utf8::prefix_bytes(text, skipped)));
    CAF_CHECK_EQUAL(reader.broken_promise(after), "");
    CAF_CHECK_EQUAL(reader.last_seq(), from_start.last_seq());
    CAF_CHECK(reader.done() != nullptr);
  }
}

CAF_TEST(two readers see the same frames) {
  auto opened = open(ask());
  auto a = read(opened.session);
  auto b = read(opened.session);
  for (auto word : {"one ", "two ", "three"}) {
    upstream().emit(word);
    settle();
  }
  upstream().finish();
  settle();
  CAF_CHECK(a.frames() == b.frames());
  CAF_CHECK_EQUAL(a.frames().size(), 5u);
}

CAF_TEST(a cursor ahead of a running stream is refused) {
  auto opened = open(ask());
  upstream().emit("abc");
  settle();
  auto reader = make_reader();
  CAF_CHECK_EQUAL(try_read(reader, opened.session, 4, 2).code(), errc::none);
  CAF_CHECK_EQUAL(try_read(reader, opened.session, 5, 2).code(),
                  errc::invalid_cursor);
  CAF_CHECK_EQUAL(reader.batches(), 0u);
  upstream().finish();
  settle();
}

CAF_TEST(who has seen the end is told so) {
  auto opened = open(ask());
  auto slow = read_slowly(opened.session, 0, 0); // keeps the session
  upstream().emit("abc");
  upstream().finish();
  settle();
  auto end = state_of(opened).last_seq;
  auto reader = make_reader();
  CAF_CHECK(try_read(reader, opened.session, end, 2).value().end_seen);
  CAF_CHECK(try_read(reader, opened.session, end + 9, 2).value().end_seen);
  CAF_CHECK_EQUAL(reader.batches(), 0u);
  CAF_CHECK(!try_read(reader, opened.session, end - 1, 2).value().end_seen);
  CAF_CHECK_EQUAL(reader.frames().size(), 1u);
  CAF_CHECK(reader.done() != nullptr);
}

CAF_TEST(a reader that subscribes again moves its cursor) {
  auto opened = open(ask());
  upstream().emit("abc");
  settle();
  auto reader = read_slowly(opened.session, 0, 2);
  CAF_CHECK_EQUAL(reader.text(), "abc");
  reader.forget();
  (void)try_read(reader, opened.session, 2, 2).value();
  CAF_CHECK_EQUAL(reader.text(), "bc");
  CAF_CHECK_EQUAL(state_of(opened).subscribers, 1u);
  upstream().finish();
  settle();
}

// -- nobody listens -----------------------------------------------------------

CAF_TEST(a reader that dies costs the others nothing) {
  auto opened = open(with_policy({cancel, 0ms, 30s}));
  auto a = read(opened.session);
  auto b = read(opened.session);
  upstream().emit("one ");
  settle();
  a.die();
  settle();
  upstream().emit("two");
  upstream().finish();
  settle();
  CAF_CHECK_EQUAL(a.text(), "one ");
  CAF_CHECK_EQUAL(b.text(), "one two");
  CAF_CHECK_EQUAL(answer_of(opened).status, message_status::complete);
}

CAF_TEST(the policy cancel ends the answer with its last reader) {
  auto opened = open(with_policy({cancel, 0ms, 30s}));
  auto a = read(opened.session);
  auto b = read(opened.session);
  upstream().emit("partial");
  settle();
  a.die();
  settle();
  CAF_CHECK(!upstream().cancelled());
  b.unsubscribe(opened.session);
  settle();
  CAF_CHECK(upstream().cancelled());
  CAF_CHECK_EQUAL(answer_of(opened).status, message_status::cancelled);
  CAF_CHECK_EQUAL(answer_of(opened).content, "partial");
}

CAF_TEST(the policy cancel after waits for the next reader) {
  auto opened = open(with_policy({cancel_after, 10s, 30s}));
  auto a = read(opened.session);
  upstream().emit("one ");
  settle();
  a.die();
  advance(9999ms);
  CAF_CHECK(!upstream().cancelled());
  auto b = read(opened.session, 5);
  advance(20s);
  CAF_CHECK(!upstream().cancelled());
  b.die();
  advance(10s);
  CAF_CHECK(upstream().cancelled());
  CAF_CHECK_EQUAL(state_of(opened).status, stream_status::cancelled);
}

CAF_TEST(the policy continue waits for nobody) {
  auto opened = open(with_policy({keep, 1ms, 1ms}));
  upstream().connect();
  advance(30s);
  auto a = read(opened.session);
  upstream().emit("one ");
  settle();
  a.die();
  advance(1min);
  CAF_CHECK(!upstream().cancelled());
  upstream().emit("two");
  upstream().finish();
  settle();
  CAF_CHECK_EQUAL(answer_of(opened).content, "one two");
}

CAF_TEST(a stream that nobody comes to is cancelled after its time) {
  for (auto kind : {cancel, cancel_after}) {
    auto opened = open(with_policy({kind, 1s, 30s}));
    upstream().connect();
    upstream().emit("x");
    advance(29'999ms);
    CAF_CHECK(!upstream().cancelled());
    advance(1ms);
    CAF_CHECK(upstream().cancelled());
    CAF_CHECK_EQUAL(answer_of(opened).status, message_status::cancelled);
  }
}

CAF_TEST(nobody listens while the next attempt is waited for) {
  auto opened = open(with_policy({cancel, 0ms, 30s}));
  auto reader = read(opened.session);
  upstream().fail(errc::upstream_failed, 500, 10s);
  settle();
  reader.die();
  advance(1min);
  CAF_CHECK_EQUAL(starts(), 1u);
  CAF_CHECK_EQUAL(state_of(opened).status, stream_status::cancelled);
}

// -- cancel -------------------------------------------------------------------

CAF_TEST(cancel before the first token) {
  auto opened = open(ask());
  auto reader = read(opened.session);
  auto state =
    ask_node<stream_state>(cancel_stream{opened.start.stream}).value();
  CAF_CHECK_EQUAL(state.status, stream_status::cancelled);
  CAF_CHECK(upstream().cancelled());
  CAF_REQUIRE(reader.done() != nullptr);
  CAF_CHECK_EQUAL(reader.done()->reason, finish_reason::cancelled);
  CAF_CHECK_EQUAL(answer_of(opened).status, message_status::cancelled);
}

CAF_TEST(the upstream is closed before the cancel is written) {
  auto opened = open(ask());
  upstream().emit("partial");
  settle();
  auto in_order = false;
  store.during_write = [&](batch writing) {
    if (is_finish(writing))
      in_order = upstream().cancelled();
  };
  auto state = ask_node<stream_state>(cancel_stream{opened.start.stream});
  CAF_CHECK(in_order);
  CAF_CHECK_EQUAL(state.value().status, stream_status::cancelled);
  CAF_CHECK_EQUAL(answer_of(opened).content, "partial");
}

CAF_TEST(cancel is answered once it is durable) {
  auto opened = open(ask());
  auto reader = read(opened.session);
  upstream().emit("partial");
  settle();
  answer<stream_state> first;
  answer<stream_state> second;
  auto early = false;
  store.during_write = [&](batch writing) {
    if (!is_finish(writing))
      return;
    second =
      send_request<stream_state>(gateway(), cancel_stream{opened.start.stream});
    settle();
    early = !first.pending() || !second.pending() || reader.terminals() > 0;
  };
  first =
    send_request<stream_state>(gateway(), cancel_stream{opened.start.stream});
  settle();
  CAF_CHECK(!early);
  CAF_CHECK_EQUAL(first.value().status, stream_status::cancelled);
  CAF_CHECK_EQUAL(second.value().status, stream_status::cancelled);
  CAF_CHECK_EQUAL(reader.terminals(), 1u);
}

CAF_TEST(cancel while the next attempt is waited for) {
  auto opened = open(ask());
  auto reader = read(opened.session);
  upstream().fail(errc::upstream_failed, 500);
  settle();
  ask_node<stream_state>(cancel_stream{opened.start.stream});
  advance(1min);
  CAF_CHECK_EQUAL(starts(), 1u);
  CAF_REQUIRE(reader.done() != nullptr);
  CAF_CHECK_EQUAL(reader.done()->reason, finish_reason::cancelled);
}

CAF_TEST(cancel while the message is being stored) {
  provider.scripted.play({llm::text("early")});
  answer<stream_state> cancelled;
  store.during_write = [&](batch writing) {
    if (!is_accept(writing))
      return;
    for (const auto& one : writing)
      if (auto* put = std::get_if<storage::put_stream>(&one))
        cancelled =
          send_request<stream_state>(gateway(), cancel_stream{put->value.id});
    settle();
    CAF_CHECK(cancelled.pending());
    CAF_CHECK(starts() == 0 || upstream().cancelled());
  };
  auto opened = open(ask());
  CAF_CHECK_EQUAL(cancelled.value().status, stream_status::cancelled);
  CAF_CHECK_EQUAL(answer_of(opened).status, message_status::cancelled);
  // What had come is kept, as always.
  CAF_CHECK_EQUAL(answer_of(opened).content, starts() == 0 ? "" : "early");
  CAF_CHECK_EQUAL(replay(opened.start.stream).terminals(), 1u);
  advance(10s); // what was brought back to be looked at
  CAF_CHECK_EQUAL(streams_alive(), 0u);
}

CAF_TEST(cancel after the end changes nothing) {
  auto opened = open(ask());
  upstream().emit("whole");
  upstream().finish();
  settle();
  store.forget();
  for (auto i = 0; i < 2; ++i)
    CAF_CHECK_EQUAL(
      ask_node<stream_state>(cancel_stream{opened.start.stream}).value().status,
      stream_status::complete);
  CAF_CHECK(store.written.empty());
  CAF_CHECK_EQUAL(answer_of(opened).status, message_status::complete);
}

CAF_TEST(a cancel that meets the end in the mailbox is answered) {
  auto opened = open(ask());
  upstream().emit("whole");
  upstream().finish();
  auto cancelled =
    send_request<stream_state>(gateway(), cancel_stream{opened.start.stream});
  // However the two cross, there is an answer, and it is the truth.
  settle();
  CAF_CHECK_EQUAL(cancelled.value().status, state_of(opened).status);
  auto late = send_request<stream_state>(opened.session, cancel_stream{});
  settle();
  CAF_CHECK(!late.pending());
}

CAF_TEST(what the upstream sends behind a cancel is not taken) {
  auto opened = open(ask());
  auto reader = read(opened.session);
  upstream().emit("a");
  settle();
  upstream().emit("b");
  send_request<stream_state>(opened.session, cancel_stream{});
  upstream().emit("c");
  upstream().finish();
  settle();
  CAF_CHECK_EQUAL(reader.terminals(), 1u);
  CAF_CHECK_EQUAL(reader.broken_promise(), "");
  CAF_CHECK_EQUAL(reader.text(), answer_of(opened).content);
}

CAF_TEST_FIXTURE_SCOPE_END()
