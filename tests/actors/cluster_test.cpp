// Several nodes: membership, and requests that concern another node.
#include <random>
#include <set>

#include "tests/actors/support/cluster_world.hpp"

#undef CAF_SUITE
#define CAF_SUITE cluster

using namespace parley;
using namespace parley::tests;

namespace {

chat_request with_key(std::string key, std::string text = "Hello") {
  auto made = world::ask(std::move(text));
  made.idempotency_key = std::move(key);
  made.body_digest = std::hash<std::string>{}(made.message);
  return made;
}

} // namespace

CAF_TEST_FIXTURE_SCOPE(cluster_tests, cluster_world)

// -- membership ---------------------------------------------------------------

CAF_TEST(nodes that know one seed all meet) {
  auto& a = add("a");
  auto& b = add("b");
  auto& c = add("c");
  meet();
  for (auto* one : {&a, &b, &c})
    CAF_CHECK_EQUAL(members_of(*one), "a up, b up, c up");
  for (const auto& member : view_of(b).members)
    CAF_CHECK_EQUAL(member.sees.size(), 2u);
}

CAF_TEST(a seed that is down at the start is found when it comes) {
  node_wish wish;
  wish.name = "a";
  wish.seeds = {2};
  auto& a = add(std::move(wish));
  advance(1min);
  CAF_CHECK_EQUAL(members_of(a), "a up");
  auto& b = add("b");
  meet();
  CAF_CHECK_EQUAL(members_of(a), "a up, b up");
  CAF_CHECK_EQUAL(members_of(b), "a up, b up");
}

CAF_TEST(a node that is gone is down and one that returns is up) {
  auto& a = add("a");
  auto& b = add("b");
  auto& c = add("c");
  meet();
  kill(c);
  settle();
  CAF_CHECK_EQUAL(members_of(a), "a up, b up, c down");
  CAF_CHECK_EQUAL(members_of(b), "a up, b up, c down");
  restart(c);
  meet();
  for (auto* one : {&a, &b, &c})
    CAF_CHECK_EQUAL(members_of(*one), "a up, b up, c up");
}

CAF_TEST(a node that starts remembers whom it met) {
  auto& a = add("a");
  auto& b = add("b");
  meet();
  kill(a);
  kill(b);
  restart(b);
  meet();
  CAF_CHECK_EQUAL(members_of(b), "a down, b up");
}

CAF_TEST(a second node of the same name is refused and gives up in the end) {
  auto& a = add("a");
  auto& b = add("b");
  meet();
  auto& twin = add("b");
  meet();
  CAF_CHECK_EQUAL(members_of(a), "a up, b up");
  CAF_CHECK_EQUAL(members_of(twin), "b up");
  CAF_CHECK(twin.refusals.empty());
  advance(2 * twin.settings.cluster.failure_timeout + 3s);
  CAF_CHECK(!twin.refusals.empty());
  CAF_CHECK(b.refusals.empty());
}

CAF_TEST(a second node on the same data folder is refused) {
  auto& a = add("a");
  meet();
  node_wish copy;
  copy.name = "copy";
  copy.tag = a.info.tag.value;
  auto& twin = add(std::move(copy));
  advance(1min);
  CAF_CHECK_EQUAL(members_of(a), "a up");
  CAF_CHECK(!twin.refusals.empty());
}

CAF_TEST(a node that restarts before its loss was noticed gets in later) {
  auto& a = add("a");
  auto& b = add("b");
  meet();
  // Another process of b while the old one still counts as up.
  node_wish again;
  again.name = "b";
  again.tag = b.info.tag.value;
  auto& reborn = add(std::move(again));
  advance(4s);
  CAF_CHECK_EQUAL(members_of(a), "a up, b up");
  kill(b);
  meet();
  CAF_CHECK_EQUAL(members_of(reborn), "a up, b up");
  advance(1min);
  CAF_CHECK(reborn.refusals.empty());
}

CAF_TEST(nodes of another schema stay apart) {
  auto& a = add("a");
  node_wish other;
  other.name = "b";
  other.schema = message_schema_version + 1;
  auto& b = add(std::move(other));
  advance(1min);
  CAF_CHECK_EQUAL(members_of(a), "a up");
  CAF_CHECK_EQUAL(members_of(b), "b up");
  CAF_CHECK(b.refusals.empty());
}

CAF_TEST(whatever is said in place of a greeting is refused) {
  auto& a = add("a");
  for (const auto* text : {"", "\n", "parley-node 1", "parley-node 1\nschema=x",
                           "parley-node 2\nschema=1\n"}) {
    auto reply = send_request<std::string>(a.peer, std::string{text});
    settle();
    CAF_CHECK(parse_reply(reply.value()).kind == greeting_reply::malformed);
  }
  CAF_CHECK_EQUAL(members_of(a), "a up");
}

// -- one system ---------------------------------------------------------------

CAF_TEST(every node serves a conversation that lives elsewhere) {
  auto& a = add("a");
  auto& b = add("b");
  meet();
  auto opened = open_at(a, world::ask());
  auto here = read_at(a, opened.start.stream);
  auto there = read_at(b, opened.start.stream);
  a.provider.scripted.last_run().emit("text ");
  settle();
  auto late = read_at(b, opened.start.stream);
  a.provider.scripted.last_run().finish();
  settle();
  CAF_CHECK_EQUAL(here.text(), "text ");
  CAF_CHECK_EQUAL(there.text(), "text ");
  CAF_CHECK_EQUAL(late.text(), "text ");
  CAF_CHECK(late.done() != nullptr);
  // The next message through b is answered by a.
  auto next = open_at(b, world::ask_again(opened));
  CAF_CHECK_EQUAL(next.start.stream.node(), a.info.tag);
  CAF_CHECK_EQUAL(b.provider.scripted.starts(), 0u);
  auto state = ask_at<stream_state>(b, cancel_stream{next.start.stream});
  CAF_CHECK_EQUAL(state.value().status, stream_status::cancelled);
  auto id = opened.start.conversation;
  auto page = ask_at<message_page>(b, list_messages{id, {}, 10, false});
  CAF_CHECK_EQUAL(page.value().items.size(), 4u);
  CAF_CHECK_EQUAL(ask_at<conversation_view>(b, get_conversation{id})
                    .value()
                    .conv.message_count,
                  4u);
  CAF_CHECK_EQUAL(ask_at<caf::unit_t>(b, delete_conversation{id}).code(),
                  errc::none);
  CAF_CHECK_EQUAL(ask_at<conversation_view>(a, get_conversation{id}).code(),
                  errc::conversation_not_found);
}

CAF_TEST(lists are gathered in order and every page but the last is full) {
  auto& a = add("a");
  auto& b = add("b");
  auto& c = add("c");
  meet();
  for (auto i = 0; i < 12; ++i)
    for (auto* node : {&a, &b, &c})
      if (i % 3 != 0 || node != &b)
        CAF_CHECK_EQUAL(
          ask_at<conversation_view>(*node, create_conversation{}).code(),
          errc::none);
  std::vector<conversation> all;
  std::string cursor;
  do {
    auto page =
      ask_at<conversation_page>(b, list_conversations{cursor, 7}).value();
    CAF_CHECK(page.missing_nodes.empty());
    CAF_CHECK(page.items.size() == 7 || page.next_cursor.empty());
    all.insert(all.end(), page.items.begin(), page.items.end());
    cursor = page.next_cursor;
  } while (!cursor.empty());
  CAF_CHECK_EQUAL(all.size(), 32u);
  for (std::size_t i = 1; i < all.size(); ++i)
    CAF_CHECK(std::pair(all[i - 1].updated_at, all[i - 1].id)
              > std::pair(all[i].updated_at, all[i].id));
}

CAF_TEST(a list without a node says which one is missing) {
  auto& a = add("a");
  auto& b = add("b");
  meet();
  (void)ask_at<conversation_view>(a, create_conversation{}).value();
  (void)ask_at<conversation_view>(b, create_conversation{}).value();
  kill(b);
  auto page = ask_at<conversation_page>(a, list_conversations{{}, 10}).value();
  CAF_CHECK_EQUAL(page.items.size(), 1u);
  CAF_REQUIRE_EQUAL(page.missing_nodes.size(), 1u);
  CAF_CHECK_EQUAL(page.missing_nodes.front(), "b");
}

CAF_TEST(a node that is draining has others take what is new) {
  auto& a = add("a");
  auto& b = add("b");
  meet();
  caf::anon_send(a.peer, leaving{});
  settle();
  CAF_CHECK_EQUAL(members_of(b), "a draining, b up");
  CAF_CHECK_EQUAL(open_at(a, world::ask()).start.stream.node(), b.info.tag);
  CAF_CHECK_EQUAL(
    ask_at<conversation_view>(a, create_conversation{}).value().conv.id.node(),
    b.info.tag);
}

CAF_TEST(a node with many more streams places new ones elsewhere) {
  auto& a = add("a");
  auto& b = add("b");
  meet();
  for (auto i = 0; i < 40; ++i)
    (void)open_at(a, world::ask());
  advance(2s);
  CAF_CHECK_EQUAL(open_at(a, world::ask()).start.stream.node(), b.info.tag);
  CAF_CHECK_EQUAL(open_at(b, world::ask()).start.stream.node(), b.info.tag);
}

CAF_TEST(a conversation from elsewhere is imported once and found by all) {
  auto& a = add("a");
  auto& b = add("b");
  meet();
  id_generator foreign{node_tag{77'777}};
  exported_conversation what;
  what.conversation.id = foreign.next<conversation_id>();
  auto id = what.conversation.id;
  CAF_CHECK_EQUAL(
    ask_at<conversation_view>(b, import_conversation{what}).code(), errc::none);
  CAF_CHECK_EQUAL(
    ask_at<conversation_view>(a, import_conversation{what}).code(),
    errc::id_in_use);
  CAF_CHECK_EQUAL(ask_at<conversation_view>(a, get_conversation{id}).code(),
                  errc::none);
  id_generator of_b{b.info.tag};
  what.conversation.id = of_b.next<conversation_id>();
  CAF_CHECK_EQUAL(
    ask_at<conversation_view>(a, import_conversation{what}).code(), errc::none);
  CAF_CHECK(b.store->get_conversation(what.conversation.id).has_value());
}

// -- loss ---------------------------------------------------------------------

CAF_TEST(what lives on a node that is down cannot be had for now) {
  auto& a = add("a");
  auto& b = add("b");
  meet();
  auto opened = open_at(b, world::ask());
  kill(b);
  auto got =
    ask_at<conversation_view>(a, get_conversation{opened.start.conversation});
  CAF_CHECK_EQUAL(got.code(), errc::node_unavailable);
  CAF_CHECK(got.why().retry_after.has_value());
  CAF_CHECK_EQUAL(
    ask_at<session_actor>(a, find_stream{opened.start.stream, 0}).code(),
    errc::node_unavailable);
  CAF_CHECK_EQUAL(try_open_at(a, world::ask_again(opened)).code(),
                  errc::node_unavailable);
  restart(b);
  meet();
  auto state = ask_at<stream_state>(a, get_stream_state{opened.start.stream});
  CAF_CHECK_EQUAL(state.value().status, stream_status::interrupted);
}

CAF_TEST(a request that waits for a node fails when the node goes down) {
  auto& a = add("a");
  auto& b = add("b");
  meet();
  auto opened = open_at(b, world::ask());
  auto waiting = send_request<conversation_view>(
    a.gateway, get_conversation{opened.start.conversation});
  // It has left a and is not answered.
  expect((get_conversation), to(a.gateway));
  CAF_CHECK(waiting.pending());
  kill(b);
  settle();
  CAF_CHECK(waiting.code() != errc::none);
}

// -- Idempotency-Key ----------------------------------------------------------

CAF_TEST(a key stands for one stream on whichever node it comes) {
  auto& a = add("a");
  auto& b = add("b");
  auto& c = add("c");
  meet();
  auto first = open_at(b, with_key("k"));
  CAF_CHECK(!first.replayed);
  for (auto* node : {&a, &b, &c}) {
    auto again = open_at(*node, with_key("k"));
    CAF_CHECK(again.replayed);
    CAF_CHECK_EQUAL(again.start.stream, first.start.stream);
    CAF_CHECK_EQUAL(try_open_at(*node, with_key("k", "other")).code(),
                    errc::idempotency_key_reused);
  }
  CAF_CHECK_EQUAL(a.provider.scripted.starts() + b.provider.scripted.starts()
                    + c.provider.scripted.starts(),
                  1u);
}

CAF_TEST(equal requests at one instant on all nodes give one stream) {
  for (auto seed = 0u; seed < 200; ++seed) {
    auto nodes = std::vector<test_node*>{};
    if (seed == 0) {
      add("a");
      add("b");
      add("c");
      meet();
    }
    for (auto i = 0u; i < 3; ++i)
      nodes.push_back(&node_at(i));
    std::minstd_rand random{seed + 1};
    std::vector<answer<stream_opened>> all;
    auto key = "key " + std::to_string(seed);
    for (auto i = 0; i < 6; ++i) {
      all.push_back(send_request<stream_opened>(nodes[random() % 3]->gateway,
                                                open_stream{with_key(key), 0}));
      // Messages of the earlier ones are on their way.
      for (auto steps = random() % 8; steps > 0 && sched.has_job(); --steps)
        sched.run_once();
    }
    settle();
    std::set<stream_id> streams;
    auto fresh = 0;
    for (const auto& one : all) {
      CAF_REQUIRE_EQUAL(one.code(), errc::none);
      streams.insert(one.value().start.stream);
      fresh += one.value().replayed ? 0 : 1;
    }
    CAF_MESSAGE("seed " << seed);
    CAF_REQUIRE_EQUAL(streams.size(), 1u);
    CAF_REQUIRE_EQUAL(fresh, 1);
  }
}

CAF_TEST(a key is known again after all nodes have restarted) {
  auto& a = add("a");
  auto& b = add("b");
  meet();
  auto first = open_at(b, with_key("k"));
  kill(a);
  kill(b);
  restart(a);
  restart(b);
  meet();
  auto again = open_at(a, with_key("k"));
  CAF_CHECK(again.replayed);
  CAF_CHECK_EQUAL(again.start.stream, first.start.stream);
}

CAF_TEST(a key whose node is down is not taken twice) {
  auto& a = add("a");
  auto& b = add("b");
  meet();
  (void)open_at(b, with_key("k"));
  kill(b);
  CAF_CHECK_EQUAL(try_open_at(a, with_key("k")).code(), errc::node_unavailable);
  CAF_CHECK_EQUAL(open_at(a, with_key("another")).replayed, false);
  restart(b);
  meet();
  CAF_CHECK(open_at(a, with_key("k")).replayed);
}

CAF_TEST(a refused request leaves its key free on all nodes) {
  auto& a = add("a");
  auto& b = add("b");
  meet();
  auto busy = open_at(b, world::ask());
  auto refused = with_key("k");
  refused.conversation = busy.start.conversation;
  CAF_CHECK_EQUAL(try_open_at(a, refused).code(), errc::conversation_busy);
  auto taken = with_key("k", "something else");
  CAF_CHECK_EQUAL(open_at(a, taken).start.stream.node(), a.info.tag);
}

CAF_TEST_FIXTURE_SCOPE_END()
