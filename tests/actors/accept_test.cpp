// How a message is accepted: what must be durable before anything leaves, what
// is refused, and that no request is answered twice.
#include "tests/actors/support/world.hpp"

#include "actors/accept_decision.hpp"

#undef CAF_SUITE
#define CAF_SUITE accept

using namespace parley;
using namespace parley::tests;

CAF_TEST_FIXTURE_SCOPE(accept_tests, world)

// -- before the accept is durable ---------------------------------------------

CAF_TEST(nothing leaves before the accept is durable) {
  provider.scripted.play({llm::connected{}, llm::text("early")});
  std::size_t writes = 0;
  fake_reader reader = make_reader();
  answer<subscribed> early;
  store.during_write = [&](batch writing) {
    if (!is_accept(writing))
      return;
    ++writes;
    auto id =
      std::get<storage::put_stream>(
        *std::find_if(writing.begin(), writing.end(),
                      [](const auto& one) {
                        return std::holds_alternative<storage::put_stream>(one);
                      }))
        .value.id;
    auto found = ask_node<session_actor>(find_stream{id, 0});
    early = try_read(reader, found.value(), 0, 2);
    // The upstream was asked and has answered meanwhile.
    CAF_CHECK_EQUAL(starts(), 1u);
    CAF_CHECK_EQUAL(reader.batches(), 0u);
  };
  auto opened = try_open(ask());
  CAF_CHECK_EQUAL(writes, 1u);
  CAF_CHECK(early.code() != errc::none);
  CAF_CHECK_EQUAL(reader.batches(), 0u);
  auto later = read(opened.value().session);
  CAF_CHECK_EQUAL(later.text(), "early");
  upstream().finish();
  settle();
  CAF_CHECK_EQUAL(later.broken_promise(), "");
  CAF_CHECK_EQUAL(answer_of(opened.value()).content, "early");
}

CAF_TEST(the answer to open comes after the write) {
  auto in_time = true;
  answer<stream_opened> opened;
  store.during_write = [&](batch) {
    settle();
    in_time = in_time && opened.pending();
  };
  opened = send_request<stream_opened>(gateway(), open_stream{ask(), 0});
  settle();
  CAF_CHECK(in_time);
  CAF_CHECK(!opened.pending());
  CAF_CHECK_EQUAL(store.count(is_accept), 1u);
  CAF_CHECK(store.syncs.front() == storage::sync_mode::disk);
  upstream().finish();
  settle();
}

CAF_TEST(with an Idempotency Key the upstream waits for the accept) {
  auto request = ask();
  request.idempotency_key = "k";
  auto started_early = false;
  store.during_write = [&](batch) {
    settle();
    started_early = starts() > 0;
  };
  open(request);
  CAF_CHECK(!started_early);
  CAF_CHECK_EQUAL(starts(), 1u);
  upstream().finish();
  settle();
}

CAF_TEST(a refused accept cancels the upstream and leaves nothing) {
  store.fail_if = is_accept;
  store.during_write = [&](batch) {
    settle();
  };
  auto opened = try_open(ask());
  CAF_CHECK_EQUAL(opened.code(), errc::storage_failed);
  CAF_CHECK(opened.why().retry_after.has_value());
  CAF_REQUIRE_EQUAL(starts(), 1u);
  CAF_CHECK(upstream().cancelled());
  CAF_CHECK(store.written.empty());
  CAF_CHECK_EQUAL(streams_alive(), 0u);
  CAF_CHECK_EQUAL(streams_in_flight(), 0);
}

CAF_TEST(after a failure the store is asked again once it has room) {
  store.full = true;
  CAF_CHECK_EQUAL(try_open(ask()).code(), errc::storage_failed);
  CAF_CHECK_EQUAL(try_open(ask()).code(), errc::storage_failed);
  auto status = ask_node<node_status>(get_node_status{}).value();
  CAF_CHECK(!status.ready);
  CAF_CHECK_EQUAL(status.reasons.size(), 1u);
  store.full = false;
  CAF_CHECK(ask_node<node_status>(get_node_status{}).value().ready);
  auto opened = open(ask());
  upstream().finish();
  settle();
  CAF_CHECK_EQUAL(answer_of(opened).status, message_status::complete);
}

CAF_TEST(an unreadable store refuses without a trace) {
  auto first = open(ask());
  upstream().finish();
  settle();
  store.forget();
  store.unreadable = true;
  CAF_CHECK_EQUAL(try_open(ask_again(first)).code(), errc::storage_failed);
  store.unreadable = false;
  CAF_CHECK(store.written.empty());
  CAF_CHECK_EQUAL(streams_alive(), 0u);
}

// -- what is stored -----------------------------------------------------------

CAF_TEST(the accept stores question and answer and record in one write) {
  auto request = ask("What is a star?");
  request.metadata = {{"a", "b"}};
  request.idempotency_key = "k";
  auto opened = open(request);
  CAF_REQUIRE_EQUAL(store.written.size(), 1u);
  batch first{store.written.front()};
  CAF_CHECK_EQUAL(count_of<storage::put_conversation>(first), 1u);
  CAF_CHECK_EQUAL(count_of<storage::put_message>(first), 2u);
  CAF_CHECK_EQUAL(count_of<storage::put_stream>(first), 1u);
  CAF_CHECK_EQUAL(count_of<storage::put_claim>(first), 1u);
  auto question =
    store.get_message(opened.start.conversation, opened.start.user_message);
  CAF_REQUIRE(question.has_value());
  CAF_CHECK_EQUAL(question->content, "What is a star?");
  CAF_CHECK(question->metadata == request.metadata);
  CAF_CHECK_EQUAL(answer_of(opened).status, message_status::generating);
  CAF_CHECK_EQUAL(answer_of(opened).parent, opened.start.user_message);
  auto conv = conversation_of(opened);
  CAF_CHECK_EQUAL(conv.title, "What is a star?");
  CAF_CHECK_EQUAL(conv.active_stream, opened.start.stream);
  CAF_CHECK_EQUAL(conv.message_count, 2u);
  upstream().finish();
  settle();
  CAF_CHECK(conversation_of(opened).active_stream.empty());
}

CAF_TEST(the prompt holds the conversation so far) {
  auto request = ask("one");
  request.system_prompt = "Be brief.";
  auto first = open(request);
  upstream().emit("eins");
  upstream().finish();
  settle();
  open(ask_again(first, "two"));
  const auto& asked = upstream().asked().messages;
  CAF_REQUIRE_EQUAL(asked.size(), 4u);
  CAF_CHECK_EQUAL(asked[0].content, "Be brief.");
  CAF_CHECK_EQUAL(asked[1].content, "one");
  CAF_CHECK_EQUAL(asked[2].content, "eins");
  CAF_CHECK_EQUAL(asked[3].content, "two");
  upstream().finish();
  settle();
}

CAF_TEST(a conversation that is not there is refused) {
  auto request = ask();
  request.conversation =
    *conversation_id::parse("conv_00000000000000000000000000");
  CAF_CHECK_EQUAL(try_open(request).code(), errc::conversation_not_found);
  CAF_CHECK_EQUAL(starts(), 0u);
  CAF_CHECK_EQUAL(streams_alive(), 0u);
}

CAF_TEST(the model is the request 's or else the conversation' s
         or the default) {
  auto request = ask();
  request.model = "mine";
  auto first = open(request);
  CAF_CHECK_EQUAL(first.start.model, "mine");
  upstream().finish();
  settle();
  CAF_CHECK_EQUAL(open(ask_again(first)).start.model, "mine");
  upstream().finish();
  settle();
  CAF_CHECK_EQUAL(open(ask()).start.model, "scripted");
  upstream().finish();
  settle();
}

CAF_TEST(an unknown default model is asked for) {
  settings.llm.model.clear();
  provider.scripted.set_models(fail(errc::upstream_unreachable, "not yet"));
  registry();
  provider.scripted.set_models(
    std::vector<llm::model_info>{{"found", 0, "somebody"}});
  CAF_CHECK_EQUAL(open(ask()).start.model, "found");
  upstream().finish();
  settle();
}

CAF_TEST(an upstream that does not say its models delays nobody for long) {
  settings.llm.model.clear();
  provider.names_nothing = true;
  auto first = try_open(ask());
  CAF_CHECK(first.pending());
  advance(2s);
  CAF_CHECK_EQUAL(first.value().start.model, "default");
  upstream().finish();
  // It is known to be silent, for a while.
  CAF_CHECK_EQUAL(open(ask()).start.model, "default");
  upstream().finish();
  settle();
}

// -- busy ---------------------------------------------------------------------

CAF_TEST(a conversation that answers refuses the next message) {
  auto first = open(ask());
  auto second = try_open(ask_again(first));
  CAF_CHECK_EQUAL(second.code(), errc::conversation_busy);
  CAF_CHECK_EQUAL(second.why().reference, first.start.stream.str());
  CAF_CHECK_EQUAL(starts(), 1u);
  upstream().finish();
  settle();
  CAF_CHECK_EQUAL(try_open(ask_again(first)).code(), errc::none);
  upstream().finish();
  settle();
}

CAF_TEST(if busy cancel ends the running answer first) {
  auto first = open(ask());
  auto reader = read(first.session);
  upstream().emit("partial");
  settle();
  auto request = ask_again(first);
  request.cancel_if_busy = true;
  auto second = open(request);
  CAF_CHECK(provider.scripted.run(0).cancelled());
  CAF_REQUIRE(reader.done() != nullptr);
  CAF_CHECK_EQUAL(reader.done()->reason, finish_reason::cancelled);
  CAF_CHECK_EQUAL(answer_of(first).status, message_status::cancelled);
  CAF_CHECK_EQUAL(answer_of(first).content, "partial");
  CAF_CHECK_EQUAL(conversation_of(second).active_stream, second.start.stream);
  upstream().finish();
  settle();
  CAF_CHECK_EQUAL(answer_of(second).status, message_status::complete);
}

CAF_TEST(two that would cancel each other both come to an end) {
  auto first = open(ask());
  auto request = ask_again(first);
  request.cancel_if_busy = true;
  auto a = send_request<stream_opened>(gateway(), open_stream{request, 0});
  auto b = send_request<stream_opened>(gateway(), open_stream{request, 0});
  settle();
  CAF_CHECK(!a.pending());
  CAF_CHECK(!b.pending());
  CAF_CHECK(a.code() == errc::none || b.code() == errc::none);
  auto last = conversation_of(first).active_stream;
  CAF_CHECK(!last.empty());
  ask_node<stream_state>(cancel_stream{last});
  CAF_CHECK_EQUAL(streams_alive(), 0u);
}

// -- never twice --------------------------------------------------------------

CAF_TEST(an equal request with an equal key joins its stream) {
  auto request = ask();
  request.idempotency_key = "k";
  request.body_digest = 1;
  auto first = open(request);
  upstream().emit("Hi");
  settle();
  auto second = open(request);
  CAF_CHECK(!first.replayed);
  CAF_CHECK(second.replayed);
  CAF_CHECK_EQUAL(second.start.stream, first.start.stream);
  CAF_CHECK(second.session == first.session);
  CAF_CHECK_EQUAL(starts(), 1u);
  auto reader = read(second.session);
  upstream().finish();
  settle();
  CAF_CHECK_EQUAL(reader.text(), "Hi");
  // Also when it has ended.
  auto third = open(request);
  CAF_CHECK(third.replayed);
  CAF_CHECK_EQUAL(replay(third.start.stream).text(), "Hi");
  CAF_CHECK_EQUAL(starts(), 1u);
}

CAF_TEST(two equal requests at the same instant are one stream) {
  auto request = ask();
  request.idempotency_key = "k";
  auto a = send_request<stream_opened>(gateway(), open_stream{request, 0});
  auto b = send_request<stream_opened>(gateway(), open_stream{request, 0});
  settle();
  CAF_CHECK_EQUAL(a.value().start.stream, b.value().start.stream);
  CAF_CHECK(a.value().replayed != b.value().replayed);
  CAF_CHECK_EQUAL(starts(), 1u);
  CAF_CHECK_EQUAL(store.count(is_accept), 1u);
  upstream().finish();
  settle();
}

CAF_TEST(a replay costs no place among the running streams) {
  settings.limits.max_streams = 2;
  auto request = ask();
  request.idempotency_key = "k";
  open(request);
  for (auto i = 0; i < 5; ++i)
    CAF_CHECK(open(request).replayed);
  CAF_CHECK_EQUAL(try_open(ask()).code(), errc::none);
  CAF_CHECK_EQUAL(try_open(ask()).code(), errc::overloaded);
  for (std::size_t i = 0; i < starts(); ++i)
    provider.scripted.run(i).finish();
  settle();
}

CAF_TEST(an equal key with another body is refused) {
  auto request = ask();
  request.idempotency_key = "k";
  request.body_digest = 1;
  open(request);
  request.body_digest = 2;
  CAF_CHECK_EQUAL(try_open(request).code(), errc::idempotency_key_reused);
  upstream().finish();
  settle();
}

CAF_TEST(keys are private to their callers) {
  auto request = ask();
  request.idempotency_key = "k";
  request.caller = "a";
  auto first = open(request);
  upstream().finish();
  request.caller = "b";
  auto second = open(request);
  CAF_CHECK(second.start.stream != first.start.stream);
  upstream().finish();
  settle();
}

CAF_TEST(a refused request does not use up its key) {
  auto request = ask();
  request.idempotency_key = "k";
  store.full = true;
  CAF_CHECK_EQUAL(try_open(request).code(), errc::storage_failed);
  store.full = false;
  auto opened = open(request);
  CAF_CHECK(!opened.replayed);
  upstream().finish();
  settle();
}

CAF_TEST(an expired key begins anew) {
  auto request = ask();
  request.idempotency_key = "k";
  auto first = open(request);
  upstream().finish();
  settle();
  // The claim is as old as the time to live, and a bit.
  storage::idempotency_claim old{
    "",
    "k",
    0,
    first.start.stream,
    {timestamp::now().ms - settings.idempotency.ttl.count() - 1000}};
  std::vector<storage::mutation> writes{storage::put_claim{old}};
  CAF_REQUIRE(store.inner().write(writes, storage::sync_mode::none));
  auto second = open(request);
  CAF_CHECK(!second.replayed);
  CAF_CHECK_EQUAL(starts(), 2u);
  upstream().finish();
  settle();
}

CAF_TEST(a replay joins its stream although the conversation is busy) {
  auto first = open(ask());
  upstream().finish();
  settle();
  auto request = ask_again(first);
  request.idempotency_key = "k";
  auto second = open(request);
  auto third = open(request);
  CAF_CHECK_EQUAL(second.start.stream, third.start.stream);
  CAF_CHECK(third.replayed);
  upstream().finish();
  settle();
}

// -- the limit ----------------------------------------------------------------

CAF_TEST(as many streams as allowed and no more) {
  settings.limits.max_streams = 3;
  std::vector<stream_opened> running;
  for (auto i = 0; i < 3; ++i)
    running.push_back(open(ask()));
  auto refused = try_open(ask());
  CAF_CHECK_EQUAL(refused.code(), errc::overloaded);
  CAF_CHECK(refused.why().retry_after.has_value());
  upstream().finish();
  settle();
  CAF_CHECK_EQUAL(try_open(ask()).code(), errc::none);
  for (std::size_t i = 0; i < starts(); ++i)
    provider.scripted.run(i).finish();
  settle();
  CAF_CHECK_EQUAL(streams_in_flight(), 0);
}

CAF_TEST_FIXTURE_SCOPE_END()
