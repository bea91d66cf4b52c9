// What the store may do to a stream: fail at every step, be slow, be strict;
// and what else writes to a conversation while it answers.
#include "tests/actors/support/world.hpp"

#include "chat/limits.hpp"

#undef CAF_SUITE
#define CAF_SUITE storage

using namespace parley;
using namespace parley::tests;

namespace {

conversation_patch titled(std::string title) {
  conversation_patch made;
  made.title = std::move(title);
  return made;
}

} // namespace

CAF_TEST_FIXTURE_SCOPE(storage_tests, world)

// -- in the middle ------------------------------------------------------------

CAF_TEST(text goes to the store in groups and not on the token path) {
  auto a = open(ask());
  auto& first = upstream();
  auto b = open(ask());
  auto& second = upstream();
  auto reader = read(a.session);
  store.forget();
  for (auto i = 0; i < 10; ++i) {
    first.emit("x");
    second.emit("y");
    settle();
  }
  CAF_CHECK_EQUAL(reader.text().size(), 10u);
  CAF_CHECK(store.written.empty());
  advance(settings.streams.flush_interval);
  CAF_REQUIRE_EQUAL(store.written.size(), 1u);
  CAF_CHECK_EQUAL(count_of<storage::append_segment>(store.written[0]), 2u);
  CAF_CHECK(store.syncs[0] == storage::sync_mode::none);
  CAF_CHECK_EQUAL(answer_of(a).content, "xxxxxxxxxx");
  CAF_CHECK_EQUAL(answer_of(b).content, "yyyyyyyyyy");
  first.finish();
  second.finish();
  settle();
}

CAF_TEST(much text does not wait for the interval) {
  auto request = ask();
  request.max_response_chars = limits::max_response_chars;
  auto opened = open(request);
  store.forget();
  upstream().emit(std::string(limits::journal_flush_bytes, 'x'));
  settle();
  CAF_CHECK_EQUAL(store.count(is_append), 1u);
  upstream().finish();
  settle();
}

CAF_TEST(the finish carries what the journal still holds) {
  auto opened = open(ask());
  upstream().emit("all of it");
  upstream().finish();
  settle();
  CAF_CHECK_EQUAL(store.count(is_append), 0u);
  CAF_CHECK_EQUAL(answer_of(opened).content, "all of it");
  advance(1s);
  CAF_CHECK_EQUAL(store.count(is_append), 0u);
}

CAF_TEST(a write that fails in the middle ends the stream) {
  auto opened = open(ask());
  auto reader = read(opened.session);
  store.fail_if = is_append;
  upstream().emit("seen");
  settle();
  CAF_CHECK_EQUAL(reader.terminals(), 0u);
  advance(settings.streams.flush_interval);
  CAF_CHECK(upstream().cancelled());
  CAF_REQUIRE(reader.failure() != nullptr);
  CAF_CHECK_EQUAL(reader.failure()->code, errc::storage_failed);
  CAF_CHECK_EQUAL(reader.terminals(), 1u);
  CAF_CHECK_EQUAL(answer_of(opened).status, message_status::failed);
  CAF_CHECK_EQUAL(answer_of(opened).content, "seen");
}

// -- at the finish ------------------------------------------------------------

CAF_TEST(the end is not shown before it is durable) {
  auto opened = open(ask());
  auto reader = read(opened.session);
  upstream().emit("text");
  settle();
  auto early = false;
  store.during_write = [&](batch) {
    settle();
    early = reader.terminals() > 0;
  };
  upstream().finish();
  settle();
  CAF_CHECK(!early);
  CAF_CHECK_EQUAL(reader.terminals(), 1u);
}

CAF_TEST(an end that cannot be written is told and written later) {
  auto opened = open(ask());
  auto reader = read(opened.session);
  upstream().emit("whole");
  settle();
  store.full = true;
  upstream().finish();
  settle();
  CAF_REQUIRE(reader.failure() != nullptr);
  CAF_CHECK_EQUAL(reader.failure()->code, errc::storage_failed);
  CAF_CHECK_EQUAL(reader.terminals(), 1u);
  CAF_CHECK_EQUAL(answer_of(opened).status, message_status::generating);
  advance(10s);
  CAF_CHECK_EQUAL(answer_of(opened).status, message_status::generating);
  store.full = false;
  advance(1s);
  CAF_CHECK_EQUAL(answer_of(opened).status, message_status::failed);
  CAF_CHECK_EQUAL(answer_of(opened).content, "whole");
  CAF_CHECK(conversation_of(opened).active_stream.empty());
  CAF_CHECK(replay(opened.start.stream).frames() == reader.frames());
  advance(10s); // what was brought back to be looked at
  CAF_CHECK_EQUAL(streams_alive(), 0u);
  CAF_CHECK_EQUAL(streams_in_flight(), 0);
}

CAF_TEST(while an end waits to be written the stream can be read) {
  auto opened = open(ask());
  upstream().emit("whole");
  settle();
  store.full = true;
  upstream().finish();
  settle();
  auto late = read(find(opened.start.stream));
  CAF_CHECK_EQUAL(late.text(), "whole");
  CAF_CHECK_EQUAL(late.terminals(), 1u);
  store.full = false;
  advance(1s);
  CAF_CHECK_EQUAL(streams_alive(), 0u);
}

// -- strict durability --------------------------------------------------------

CAF_TEST(strictly no token is shown before it is durable) {
  settings.storage.durability = config::durability::strict;
  auto opened = open(ask());
  auto reader = read(opened.session);
  auto shown_early = false;
  std::size_t appends = 0;
  store.during_write = [&](batch writing) {
    if (!is_append(writing))
      return;
    ++appends;
    if (appends == 1)
      upstream().emit("two ");
    settle();
    // This write is not done.
    if (!answer_of(opened).content.starts_with(reader.text()))
      shown_early = true;
  };
  upstream().emit("one ");
  settle();
  CAF_CHECK_EQUAL(appends, 2u);
  CAF_CHECK(!shown_early);
  CAF_CHECK_EQUAL(reader.text(), "one two ");
  CAF_CHECK(store.syncs.back() == storage::sync_mode::disk);
  upstream().emit("three");
  upstream().finish();
  settle();
  CAF_CHECK_EQUAL(reader.text(), "one two three");
  CAF_CHECK_EQUAL(answer_of(opened).content, "one two three");
  CAF_CHECK_EQUAL(reader.broken_promise(), "");
}

CAF_TEST(strictly text that waits becomes durable with the end) {
  settings.storage.durability = config::durability::strict;
  auto opened = open(ask());
  auto reader = read(opened.session);
  store.during_write = [&](batch writing) {
    if (is_append(writing)) {
      store.during_write = nullptr;
      upstream().emit("two");
      upstream().finish();
      settle();
      CAF_CHECK_EQUAL(reader.text(), "");
    }
  };
  upstream().emit("one ");
  settle();
  CAF_CHECK_EQUAL(reader.text(), "one two");
  CAF_CHECK(reader.done() != nullptr);
  CAF_CHECK_EQUAL(answer_of(opened).content, "one two");
}

CAF_TEST(strictly text that cannot be stored is not shown) {
  settings.storage.durability = config::durability::strict;
  auto opened = open(ask());
  auto reader = read(opened.session);
  upstream().emit("stored ");
  settle();
  store.full = true;
  upstream().emit("lost");
  settle();
  CAF_CHECK_EQUAL(reader.text(), "stored ");
  CAF_REQUIRE(reader.failure() != nullptr);
  CAF_CHECK_EQUAL(reader.failure()->code, errc::storage_failed);
  store.full = false;
  advance(1s);
  CAF_CHECK_EQUAL(answer_of(opened).content, reader.text());
  CAF_CHECK_EQUAL(answer_of(opened).status, message_status::failed);
  CAF_CHECK_EQUAL(reader.broken_promise(), "");
  CAF_CHECK_EQUAL(streams_alive(), 0u);
}

CAF_TEST(with durability os nothing is synced) {
  settings.storage.durability = config::durability::os;
  open(ask());
  upstream().emit("x");
  advance(1s);
  upstream().finish();
  settle();
  for (auto sync : store.syncs)
    CAF_CHECK(sync == storage::sync_mode::none);
}

// -- group commit -------------------------------------------------------------

CAF_TEST(requests that wait together are one write) {
  gateway();
  std::vector<answer<stream_opened>> opened;
  for (auto i = 0; i < 20; ++i)
    opened.push_back(
      send_request<stream_opened>(gateway(), open_stream{ask(), 0}));
  settle();
  CAF_CHECK_EQUAL(store.written.size(), 1u);
  for (std::size_t i = 0; i < opened.size(); ++i) {
    CAF_CHECK(!opened[i].pending());
    provider.scripted.run(i).finish();
  }
  settle();
  CAF_CHECK_EQUAL(store.count(is_finish), 1u);
}

CAF_TEST(requests for one conversation see each other) {
  auto conv = ask_node<conversation_view>(create_conversation{}).value().conv;
  auto a = send_request<conversation_view>(
    gateway(), change_conversation{conv.id, titled("a")});
  conversation_patch modelled;
  modelled.model = "m";
  auto b = send_request<conversation_view>(
    gateway(), change_conversation{conv.id, modelled});
  settle();
  CAF_CHECK_EQUAL(a.value().conv.title, "a");
  CAF_CHECK_EQUAL(b.value().conv.title, "a");
  CAF_CHECK_EQUAL(b.value().conv.model, "m");
  CAF_CHECK_EQUAL(store.written.size(), 3u);
}

CAF_TEST(one write that fails fails all that were in it) {
  gateway();
  store.fail_if = [](batch) {
    return true;
  };
  std::vector<answer<stream_opened>> opened;
  for (auto i = 0; i < 3; ++i)
    opened.push_back(
      send_request<stream_opened>(gateway(), open_stream{ask(), 0}));
  settle();
  for (const auto& one : opened)
    CAF_CHECK_EQUAL(one.code(), errc::storage_failed);
  CAF_CHECK_EQUAL(store.failures, 1u);
  CAF_CHECK_EQUAL(streams_alive(), 0u);
}

// -- conversations ------------------------------------------------------------

CAF_TEST(a patch while it answers is kept by the finish) {
  auto opened = open(ask());
  upstream().emit("x");
  settle();
  auto id = opened.start.conversation;
  auto view =
    ask_node<conversation_view>(change_conversation{id, titled("Stars")});
  CAF_CHECK_EQUAL(view.value().conv.title, "Stars");
  CAF_REQUIRE(view.value().active.has_value());
  CAF_CHECK_EQUAL(view.value().active->id, opened.start.stream);
  CAF_CHECK_EQUAL(view.value().active->last_seq, 2u);
  upstream().finish();
  settle();
  auto after = conversation_of(opened);
  CAF_CHECK_EQUAL(after.title, "Stars");
  CAF_CHECK(after.active_stream.empty());
  CAF_CHECK_EQUAL(after.message_count, 2u);
}

CAF_TEST(deleting a conversation cancels its stream and leaves nothing) {
  auto request = ask();
  request.idempotency_key = "k";
  auto opened = open(request);
  auto reader = read(opened.session);
  upstream().emit("x");
  settle();
  delete_conversation gone{opened.start.conversation};
  CAF_CHECK_EQUAL(ask_node<caf::unit_t>(gone).code(), errc::none);
  CAF_CHECK(upstream().cancelled());
  CAF_REQUIRE(reader.done() != nullptr);
  CAF_CHECK_EQUAL(reader.done()->reason, finish_reason::cancelled);
  CAF_CHECK_EQUAL(
    ask_node<session_actor>(find_stream{opened.start.stream, 0}).code(),
    errc::stream_not_found);
  CAF_CHECK_EQUAL(
    ask_node<conversation_view>(get_conversation{opened.start.conversation})
      .code(),
    errc::conversation_not_found);
  CAF_CHECK_EQUAL(ask_node<caf::unit_t>(gone).code(),
                  errc::conversation_not_found);
  // The key is free again.
  CAF_CHECK(!open(request).replayed);
  upstream().finish();
  settle();
  CAF_CHECK_EQUAL(streams_alive(), 0u);
}

CAF_TEST(deleting reaches the running stream beside one that is refused) {
  auto opened = open(ask());
  auto& running = upstream();
  // The refused ones stand beside it when the deletion comes.
  std::vector<answer<stream_opened>> others;
  for (auto i = 0; i < 8; ++i)
    others.push_back(
      send_request<stream_opened>(registry(), open_stream{ask_again(opened)}));
  auto closed = send_request<caf::unit_t>(
    registry(), close_conversation{opened.start.conversation});
  settle();
  CAF_CHECK(!closed.pending());
  CAF_CHECK(running.cancelled());
  for (const auto& one : others)
    CAF_CHECK(!one.pending());
  for (std::size_t i = 1; i < starts(); ++i)
    provider.scripted.run(i).finish();
  settle();
  CAF_CHECK_EQUAL(streams_alive(), 0u);
}

CAF_TEST(an answer that begins while its conversation is deleted is cancelled) {
  auto before = open(ask());
  upstream().finish();
  settle();
  answer<stream_opened> opened;
  // Behind the first look for running streams, before the deletion.
  auto deleted = send_request<caf::unit_t>(
    gateway(), delete_conversation{before.start.conversation});
  opened =
    send_request<stream_opened>(gateway(), open_stream{ask_again(before), 0});
  settle();
  CAF_CHECK(!deleted.pending());
  CAF_CHECK(!opened.pending());
  if (starts() > 1)
    CAF_CHECK(upstream().cancelled());
  CAF_CHECK_EQUAL(streams_alive(), 0u);
}

CAF_TEST(a failed deletion keeps the conversation) {
  auto opened = open(ask());
  upstream().finish();
  settle();
  store.full = true;
  delete_conversation gone{opened.start.conversation};
  CAF_CHECK_EQUAL(ask_node<caf::unit_t>(gone).code(), errc::storage_failed);
  store.full = false;
  CAF_CHECK_EQUAL(conversation_of(opened).message_count, 2u);
}

CAF_TEST(export and import bring a conversation back unchanged) {
  auto opened = open(ask("What?"));
  upstream().emit("That.");
  upstream().finish();
  settle();
  auto id = opened.start.conversation;
  auto whole = ask_node<exported_conversation>(export_conversation{id}).value();
  CAF_CHECK_EQUAL(whole.messages.size(), 2u);
  import_conversation back{whole};
  auto conflict = ask_node<conversation_view>(back);
  CAF_CHECK_EQUAL(conflict.code(), errc::id_in_use);
  CAF_CHECK_EQUAL(conflict.why().reference, id.str());
  ask_node<caf::unit_t>(delete_conversation{id});
  auto view = ask_node<conversation_view>(back).value();
  CAF_CHECK(view.conv == whole.conversation);
  auto again = ask_node<exported_conversation>(export_conversation{id}).value();
  CAF_CHECK(again.conversation == whole.conversation);
  CAF_CHECK(again.messages == whole.messages);
}

CAF_TEST(
  messages of a conversation that is here are not imported into another) {
  auto opened = open(ask());
  upstream().emit("text");
  upstream().finish();
  settle();
  auto whole = ask_node<exported_conversation>(
                 export_conversation{opened.start.conversation})
                 .value();
  id_generator foreign{node_tag{9}};
  whole.conversation.id = foreign.next<conversation_id>();
  for (auto& item : whole.messages)
    item.conversation = whole.conversation.id;
  CAF_CHECK_EQUAL(
    ask_node<conversation_view>(import_conversation{whole}).code(),
    errc::id_in_use);
  (void)ask_node<caf::unit_t>(delete_conversation{opened.start.conversation});
  CAF_CHECK_EQUAL(
    ask_node<conversation_view>(import_conversation{whole}).code(), errc::none);
}

CAF_TEST(nothing that is imported is generating) {
  auto opened = open(ask());
  upstream().emit("half");
  advance(1s);
  auto id = opened.start.conversation;
  auto whole = ask_node<exported_conversation>(export_conversation{id}).value();
  CAF_CHECK_EQUAL(whole.messages.back().status, message_status::generating);
  ask_node<caf::unit_t>(delete_conversation{id});
  auto view = ask_node<conversation_view>(import_conversation{whole}).value();
  CAF_CHECK(!view.active.has_value());
  CAF_CHECK_EQUAL(answer_of(opened).status, message_status::interrupted);
  CAF_CHECK_EQUAL(answer_of(opened).content, "half");
  CAF_CHECK_EQUAL(try_open(ask_again(opened)).code(), errc::none);
  upstream().finish();
  settle();
}

CAF_TEST(messages and lists are read through the gateway) {
  auto opened = open(ask());
  upstream().emit("x");
  upstream().finish();
  settle();
  auto id = opened.start.conversation;
  auto page = ask_node<message_page>(list_messages{id, {}, 1, false}).value();
  CAF_REQUIRE_EQUAL(page.items.size(), 1u);
  CAF_CHECK_EQUAL(page.items[0].id, opened.start.user_message);
  auto next =
    ask_node<message_page>(list_messages{id, page.next_cursor, 1, false})
      .value();
  CAF_REQUIRE_EQUAL(next.items.size(), 1u);
  CAF_CHECK_EQUAL(next.items[0].id, opened.start.message);
  CAF_CHECK_EQUAL(
    ask_node<message>(get_message{id, opened.start.message}).value().content,
    "x");
  auto all = ask_node<conversation_page>(list_conversations{{}, 20}).value();
  CAF_CHECK_EQUAL(all.items.size(), 1u);
  store.unreadable = true;
  CAF_CHECK_EQUAL(
    ask_node<conversation_page>(list_conversations{{}, 20}).code(),
    errc::storage_failed);
}

CAF_TEST_FIXTURE_SCOPE_END()
