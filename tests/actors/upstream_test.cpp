// What an upstream may do to a stream: faults, silence, retries, too much text.
#include "tests/actors/support/world.hpp"

#include "chat/utf8.hpp"

#undef CAF_SUITE
#define CAF_SUITE upstream

using namespace parley;
using namespace parley::tests;

namespace {

// How an upstream can fail, and whether a retry before the first token makes
// sense.
struct fault {
  errc code;
  int http_status;
  bool retryable;
};

constexpr fault faults[] = {
  {errc::upstream_unreachable, 0, true},
  {errc::upstream_timeout, 0, true},
  {errc::upstream_rate_limited, 429, true},
  {errc::upstream_rejected, 400, false},
  {errc::upstream_rejected, 408, true},
  {errc::upstream_failed, 500, true},
  {errc::upstream_failed, 503, true},
  {errc::upstream_protocol, 200, false},
  {errc::upstream_interrupted, 0, true},
};

std::vector<progress_stage> stages_of(const fake_reader& reader) {
  std::vector<progress_stage> found;
  for (const auto& one : reader.progress())
    found.push_back(one.stage);
  return found;
}

} // namespace

CAF_TEST_FIXTURE_SCOPE(upstream_tests, world)

// -- faults -------------------------------------------------------------------

CAF_TEST(a fault after the first token is the end and keeps the text) {
  for (const auto& one : faults) {
    auto before = starts();
    auto opened = open(ask());
    auto reader = read(opened.session);
    upstream().emit("half an ");
    upstream().fail(one.code, one.http_status);
    settle();
    advance(1min);
    CAF_CHECK_EQUAL(starts(), before + 1); // never a retry
    CAF_CHECK_EQUAL(reader.broken_promise(), "");
    CAF_CHECK_EQUAL(reader.terminals(), 1u);
    CAF_REQUIRE(reader.failure() != nullptr);
    CAF_CHECK_EQUAL(reader.failure()->code, one.code);
    CAF_CHECK_EQUAL(reader.failure()->retryable, one.retryable);
    CAF_CHECK_EQUAL(answer_of(opened).status, message_status::failed);
    CAF_CHECK_EQUAL(answer_of(opened).content, "half an ");
    CAF_CHECK_EQUAL(state_of(opened).status, stream_status::failed);
    CAF_CHECK_EQUAL(state_of(opened).last_seq, reader.last_seq());
    CAF_CHECK(conversation_of(opened).active_stream.empty());
  }
  CAF_CHECK_EQUAL(streams_alive(), 0u);
  CAF_CHECK_EQUAL(streams_in_flight(), 0);
}

CAF_TEST(a fault before the first token is retried if that can help) {
  for (const auto& one : faults) {
    auto before = starts();
    auto opened = open(ask());
    auto reader = read(opened.session);
    for (auto i = 0; i < 5; ++i) {
      upstream().fail(one.code, one.http_status);
      advance(1s);
    }
    CAF_CHECK_EQUAL(starts() - before,
                    one.retryable ? settings.llm.max_attempts : 1u);
    CAF_CHECK_EQUAL(reader.broken_promise(), "");
    CAF_CHECK_EQUAL(reader.terminals(), 1u);
    CAF_REQUIRE(reader.failure() != nullptr);
    CAF_CHECK_EQUAL(reader.failure()->code, one.code);
    CAF_CHECK_EQUAL(answer_of(opened).status, message_status::failed);
    CAF_CHECK_EQUAL(answer_of(opened).content, "");
  }
  CAF_CHECK_EQUAL(streams_alive(), 0u);
}

CAF_TEST(readers are told of every attempt and the answer is whole) {
  auto opened = open(ask());
  auto reader = read(opened.session);
  upstream().connect();
  upstream().fail(errc::upstream_failed, 500);
  settle();
  CAF_CHECK_EQUAL(starts(), 1u);
  advance(124ms);
  CAF_CHECK_EQUAL(starts(), 1u);
  advance(1ms); // half of 250 ms
  CAF_CHECK_EQUAL(starts(), 2u);
  upstream().fail(errc::upstream_failed, 500);
  advance(250ms); // half of twice as much
  CAF_CHECK_EQUAL(starts(), 3u);
  upstream().connect();
  upstream().emit("third time");
  upstream().finish();
  settle();
  using enum progress_stage;
  std::vector<progress_stage> all{queued,     connecting, waiting,    retrying,
                                  connecting, retrying,   connecting, waiting};
  CAF_CHECK(stages_of(reader) == all);
  CAF_CHECK_EQUAL(reader.progress()[3].attempt, 2u);
  CAF_CHECK_EQUAL(reader.progress().back().attempt, 3u);
  CAF_CHECK_EQUAL(reader.broken_promise(), "");
  CAF_CHECK_EQUAL(reader.text(), "third time");
  CAF_CHECK(reader.done() != nullptr);
}

CAF_TEST(what the upstream asks to wait is waited) {
  open(ask());
  upstream().fail(errc::upstream_rate_limited, 429, 7s);
  advance(6999ms);
  CAF_CHECK_EQUAL(starts(), 1u);
  advance(1ms);
  CAF_CHECK_EQUAL(starts(), 2u);
  upstream().finish();
  settle();
}

CAF_TEST(a wait beyond the budget is not begun) {
  auto opened = open(ask());
  upstream().fail(errc::upstream_rate_limited, 429, 31s);
  settle();
  CAF_CHECK_EQUAL(state_of(opened).status, stream_status::failed);
  CAF_CHECK_EQUAL(starts(), 1u);
}

CAF_TEST(a report of an attempt that is over changes nothing) {
  auto opened = open(ask());
  auto reader = read(opened.session);
  upstream().fail(errc::upstream_failed, 500);
  advance(1s);
  CAF_REQUIRE_EQUAL(starts(), 2u);
  upstream_report late{1, llm::text("late"), 0};
  caf::anon_send(opened.session, late);
  settle();
  upstream().emit("now");
  upstream().finish();
  settle();
  CAF_CHECK_EQUAL(reader.text(), "now");
}

CAF_TEST(the fallback models come after the attempts of the first) {
  settings.llm.fallback_models = {"second", "third"};
  settings.llm.max_attempts = 2;
  auto opened = open(ask());
  auto reader = read(opened.session);
  std::vector<std::string> asked;
  for (auto i = 0; i < 5; ++i) {
    asked.push_back(upstream().asked().model);
    upstream().fail(errc::upstream_failed, 500);
    advance(1s);
  }
  CAF_CHECK((asked
             == std::vector<std::string>{"scripted", "scripted", "second",
                                         "second", "third"}));
  CAF_CHECK_EQUAL(upstream().asked().model, "third");
  upstream().emit("at last");
  upstream().finish();
  settle();
  CAF_CHECK_EQUAL(reader.text(), "at last");
  // The message is told who answered. The start frame stays what readers saw.
  CAF_CHECK_EQUAL(answer_of(opened).model, "third");
  auto again = replay(opened.start.stream);
  CAF_CHECK(again.frames().front() == reader.frames().front());
}

CAF_TEST(when the fallback models fail too the stream has failed) {
  settings.llm.fallback_models = {"second"};
  settings.llm.max_attempts = 1;
  auto opened = open(ask());
  auto reader = read(opened.session);
  upstream().fail(errc::upstream_rejected, 404);
  settle();
  advance(1s);
  CAF_CHECK_EQUAL(upstream().asked().model, "second");
  upstream().fail(errc::upstream_protocol);
  settle();
  CAF_REQUIRE(reader.failure() != nullptr);
  CAF_CHECK_EQUAL(reader.failure()->code, errc::upstream_protocol);
  CAF_CHECK_EQUAL(starts(), 2u);
}

// -- time-outs ----------------------------------------------------------------

CAF_TEST(a connection that does not come is a time out) {
  settings.llm.max_attempts = 1;
  auto opened = open(ask());
  auto reader = read(opened.session);
  advance(settings.llm.connect_timeout - 1ms);
  CAF_CHECK(!upstream().cancelled());
  advance(1ms);
  CAF_CHECK(upstream().cancelled());
  CAF_REQUIRE(reader.failure() != nullptr);
  CAF_CHECK_EQUAL(reader.failure()->code, errc::upstream_timeout);
}

CAF_TEST(what an attempt reports after its end is ignored) {
  auto opened = open(ask());
  auto reader = read(opened.session);
  auto late = [&](std::uint32_t attempt, llm::report what) {
    caf::anon_send(opened.session,
                   upstream_report{attempt, std::move(what), 0});
    settle();
  };
  auto text = [] {
    llm::deltas made;
    made.items.emplace_back(llm::text_delta{text_kind::content, "late"});
    return made;
  };
  upstream().fail(errc::upstream_failed, 503);
  settle();
  late(1, text()); // while the next attempt is waited for
  late(1, llm::finished{});
  advance(1s);
  CAF_REQUIRE_EQUAL(starts(), 2u);
  late(1, text()); // while the next attempt runs
  late(1, llm::finished{});
  CAF_CHECK_EQUAL(reader.text(), "");
  CAF_CHECK_EQUAL(reader.terminals(), 0u);
  upstream().emit("text");
  upstream().finish();
  settle();
  late(2, text());
  CAF_CHECK_EQUAL(reader.broken_promise(), "");
  CAF_CHECK_EQUAL(reader.text(), "text");
  CAF_CHECK(reader.done() != nullptr);
  CAF_CHECK_EQUAL(answer_of(opened).content, "text");
}

CAF_TEST(a first token that does not come is a time out and is retried) {
  settings.llm.max_attempts = 2;
  settings.llm.retry_budget = 10min;
  auto opened = open(ask());
  advance(4s);
  upstream().connect();
  advance(settings.llm.first_token_timeout - 1ms);
  CAF_CHECK(!upstream().cancelled());
  advance(1ms);
  CAF_CHECK(upstream().cancelled());
  advance(1s);
  CAF_REQUIRE_EQUAL(starts(), 2u);
  upstream().emit("hello");
  upstream().finish();
  settle();
  CAF_CHECK_EQUAL(answer_of(opened).content, "hello");
}

CAF_TEST(silence in the middle is a time out and keeps the text) {
  auto opened = open(ask());
  auto reader = read(opened.session);
  for (auto i = 0; i < 3; ++i) {
    upstream().emit("word ");
    advance(settings.llm.idle_timeout - 1ms);
    CAF_CHECK(!upstream().cancelled());
  }
  advance(1ms);
  CAF_CHECK(upstream().cancelled());
  CAF_REQUIRE(reader.failure() != nullptr);
  CAF_CHECK_EQUAL(reader.failure()->code, errc::upstream_timeout);
  CAF_CHECK_EQUAL(answer_of(opened).content, "word word word ");
  CAF_CHECK_EQUAL(starts(), 1u);
}

CAF_TEST(no answer takes longer than the total time out) {
  auto opened = open(ask());
  auto reader = read(opened.session);
  for (auto i = 0; i < 899; ++i) {
    upstream().emit("x");
    advance(1s);
  }
  CAF_CHECK(!upstream().cancelled());
  upstream().emit("x");
  advance(1s);
  CAF_CHECK(upstream().cancelled());
  CAF_CHECK_EQUAL(reader.terminals(), 1u);
  CAF_CHECK_EQUAL(answer_of(opened).content.size(), 900u);
}

CAF_TEST(an upstream that trickles is ended) {
  settings.llm.min_chars_per_second = 2;
  settings.llm.min_chars_window = 10s;
  auto opened = open(ask());
  upstream().connect();
  advance(30s); // waiting for the first token is not trickling
  CAF_CHECK(!upstream().cancelled());
  for (auto i = 0; i < 40; ++i) {
    upstream().emit("xy");
    advance(1s);
  }
  CAF_CHECK(!upstream().cancelled());
  for (auto i = 0; i < 20; ++i) {
    upstream().emit("x");
    advance(1s);
  }
  CAF_CHECK(upstream().cancelled());
  CAF_CHECK_EQUAL(state_of(opened).status, stream_status::failed);
}

// -- the cap ------------------------------------------------------------------

CAF_TEST(an answer that ends exactly at the cap was not cut) {
  auto request = ask();
  request.max_response_chars = 4;
  auto opened = open(request);
  upstream().emit("aß€");
  upstream().emit("😀");
  upstream().finish();
  settle();
  CAF_CHECK_EQUAL(answer_of(opened).content, "aß€😀");
  CAF_CHECK_EQUAL(answer_of(opened).status, message_status::complete);
  CAF_CHECK_EQUAL(answer_of(opened).finish, finish_reason::stop);
}

CAF_TEST(an answer is cut at the cap between two characters) {
  auto request = ask();
  request.max_response_chars = 3;
  auto opened = open(request);
  auto reader = read(opened.session);
  upstream().emit("a");
  upstream().emit("ß€😀");
  settle();
  CAF_CHECK(upstream().cancelled());
  CAF_REQUIRE(reader.done() != nullptr);
  CAF_CHECK_EQUAL(reader.done()->reason, finish_reason::length);
  CAF_CHECK_EQUAL(reader.text(), "aß€");
  CAF_CHECK_EQUAL(answer_of(opened).content, "aß€");
  CAF_CHECK_EQUAL(answer_of(opened).status, message_status::truncated);
  CAF_CHECK_EQUAL(reader.broken_promise(), "");
}

CAF_TEST(the character behind the cap alone cuts the answer) {
  auto request = ask();
  request.max_response_chars = 2;
  auto opened = open(request);
  upstream().emit("ab");
  settle();
  CAF_CHECK(!upstream().cancelled());
  upstream().emit("c");
  settle();
  CAF_CHECK(upstream().cancelled());
  CAF_CHECK_EQUAL(answer_of(opened).content, "ab");
  CAF_CHECK_EQUAL(answer_of(opened).status, message_status::truncated);
}

CAF_TEST(reasoning does not count for the cap) {
  auto request = ask();
  request.max_response_chars = 2;
  auto opened = open(request);
  auto reader = read(opened.session);
  upstream().emit("let me think", text_kind::reasoning);
  upstream().emit("ok");
  upstream().finish();
  settle();
  CAF_CHECK_EQUAL(reader.text(text_kind::reasoning), "let me think");
  CAF_CHECK_EQUAL(answer_of(opened).reasoning, "let me think");
  CAF_CHECK_EQUAL(answer_of(opened).content, "ok");
  CAF_CHECK_EQUAL(answer_of(opened).status, message_status::complete);
}

CAF_TEST(an upstream that stops for length makes a truncated message) {
  auto opened = open(ask());
  upstream().emit("so far");
  upstream().finish(finish_reason::length, usage{3, 4, false});
  settle();
  auto answer = answer_of(opened);
  CAF_CHECK_EQUAL(answer.status, message_status::truncated);
  CAF_CHECK_EQUAL(answer.finish, finish_reason::length);
  CAF_REQUIRE(answer.usage.has_value());
  CAF_CHECK_EQUAL(answer.usage->total_tokens(), 7u);
  CAF_CHECK(!answer.usage->estimated);
}

CAF_TEST(usage is estimated where the upstream tells none) {
  auto opened = open(ask("12345678"));
  upstream().emit("123456789");
  upstream().finish();
  settle();
  auto answer = answer_of(opened);
  CAF_REQUIRE(answer.usage.has_value());
  CAF_CHECK(answer.usage->estimated);
  CAF_CHECK_EQUAL(answer.usage->prompt_tokens, 2u);
  CAF_CHECK_EQUAL(answer.usage->completion_tokens, 3u);
}

CAF_TEST(an upstream without end is ended) {
  // Empty fragments, which hold no text at all, must not be free.
  auto opened = open(ask());
  llm::deltas many;
  many.items.resize(100'000, llm::delta{tool_call{}});
  for (auto i = 0; i < 20 && !upstream().cancelled(); ++i) {
    upstream().emit(many);
    settle();
  }
  CAF_CHECK(upstream().cancelled());
  CAF_CHECK_EQUAL(state_of(opened).status, stream_status::failed);
}

CAF_TEST(fragments of tool calls are passed on and joined for the message) {
  auto opened = open(ask());
  auto reader = read(opened.session);
  llm::deltas some;
  some.items.emplace_back(tool_call{0, "c1", "add", "{\"a\""});
  some.items.emplace_back(tool_call{0, {}, {}, ":1}"});
  upstream().emit(some);
  upstream().finish(finish_reason::tool_calls);
  settle();
  CAF_CHECK_EQUAL(reader.frames().size(), 4u);
  auto answer = answer_of(opened);
  CAF_REQUIRE_EQUAL(answer.tool_calls.size(), 1u);
  CAF_CHECK_EQUAL(answer.tool_calls[0].arguments, "{\"a\":1}");
  CAF_CHECK_EQUAL(answer.finish, finish_reason::tool_calls);
  CAF_CHECK(replay(opened.start.stream).frames() == reader.frames());
}

CAF_TEST_FIXTURE_SCOPE_END()
