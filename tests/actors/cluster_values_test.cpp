// The cluster's pure parts: greetings, who may be a member, gathered lists,
// where keys lead.
#include <algorithm>
#include <random>

#include "actors/claim_table.hpp"
#include "actors/list_merge.hpp"
#include "actors/member_table.hpp"
#include "tests/actors/support/world.hpp"

#undef CAF_SUITE
#define CAF_SUITE cluster_values

using namespace parley;
using namespace parley::actors;

namespace {

node_info node(std::uint32_t tag, std::string name) {
  node_info made;
  made.tag.value = tag;
  made.name = std::move(name);
  made.incarnation = 1;
  made.version = "1.0";
  made.schema = 1;
  made.host = "127.0.0.1";
  made.port = 9090;
  return made;
}

} // namespace

CAF_TEST(a greeting is read as it was written) {
  auto who = node(node_tag::max, "n-1");
  who.incarnation = ~std::uint64_t{0};
  who.host = "::1";
  auto read = parse_greeting(encode_greeting(who));
  CAF_REQUIRE(read.has_value());
  CAF_CHECK(*read == who);
  auto reply = parse_reply(encode_reply(who));
  CAF_CHECK(reply.kind == greeting_reply::ok);
  CAF_CHECK(reply.info == who);
}

CAF_TEST(every way of cutting or mangling a greeting is refused) {
  auto text = encode_greeting(node(5, "n1"));
  for (std::size_t size = 0; size < text.size(); ++size)
    CAF_CHECK(!parse_greeting(text.substr(0, size)));
  CAF_CHECK(!parse_greeting(text + "x"));
  auto with = [](auto change) {
    auto who = node(5, "n1");
    change(who);
    return encode_greeting(who);
  };
  CAF_CHECK(!parse_greeting(with([](auto& x) { x.name.clear(); })));
  CAF_CHECK(!parse_greeting(with([](auto& x) { x.name = "a\x01"; })));
  CAF_CHECK(!parse_greeting(with([](auto& x) { x.name.assign(256, 'x'); })));
  CAF_CHECK(!parse_greeting(with([](auto& x) { x.port = 0; })));
  CAF_CHECK(
    !parse_greeting(with([](auto& x) { x.tag.value = node_tag::max + 1; })));
}

CAF_TEST(a refusal brings its reason but nothing that a log could not show) {
  auto reply =
    parse_reply(encode_refusal(greeting_reply::duplicate, "a reason"));
  CAF_CHECK(reply.kind == greeting_reply::duplicate);
  CAF_CHECK_EQUAL(reply.sentence, "a reason");
  reply = parse_reply(encode_refusal(greeting_reply::schema, "\x1b[31m"));
  CAF_CHECK(reply.kind == greeting_reply::schema);
  CAF_CHECK(reply.sentence.find('\x1b') == std::string::npos);
}

CAF_TEST(members are kept with whatever name they have) {
  std::vector<node_info> all{node(1, "a"), node(2, "b with blanks")};
  auto read = parse_members(encode_members(all));
  CAF_REQUIRE_EQUAL(read.size(), 2u);
  CAF_CHECK_EQUAL(read[1].name, "b with blanks");
  CAF_CHECK_EQUAL(read[1].port, 9090);
  CAF_CHECK(parse_members("nonsense\n\n1 2\n").empty());
}

CAF_TEST(names and data folders belong to one node) {
  member_table table{node(1, "a")};
  CAF_CHECK(!table.refuse(node(2, "b")));
  auto self = node(1, "a");
  CAF_CHECK(table.refuse(self)->why == greeting_reply::self);
  self.incarnation = 2;
  CAF_CHECK(table.refuse(self)->why == greeting_reply::duplicate);
  CAF_CHECK(table.refuse(node(3, "a"))->why == greeting_reply::duplicate);
  auto other = node(4, "d");
  other.schema = 2;
  CAF_CHECK(table.refuse(other)->why == greeting_reply::schema);
}

CAF_TEST(
  a name that comes back with another data folder replaces the old node) {
  member_table table{node(1, "a")};
  CAF_CHECK(table.learn(node(2, "b")));
  CAF_CHECK(!table.learn(node(2, "b")));
  CAF_CHECK(!table.learn(node(3, "b")));
  table.enter({node(4, "b"), {}, {}, {}, {}, {}});
  CAF_CHECK_EQUAL(table.members().size(), 1u);
  CAF_CHECK(table.find(node_tag{4}) != nullptr);
}

CAF_TEST(pages of nodes of any size join to the list of all) {
  for (auto seed = 1u; seed <= 500; ++seed) {
    std::minstd_rand random{seed};
    id_generator ids{node_tag{1}};
    std::vector<std::vector<conversation>> nodes(1 + random() % 4);
    std::vector<conversation> all;
    for (auto n = random() % 40; n > 0; --n) {
      conversation made;
      made.id = ids.next<conversation_id>();
      made.updated_at.ms = static_cast<std::int64_t>(1 + random() % 6);
      nodes[random() % nodes.size()].push_back(made);
      all.push_back(made);
    }
    auto newest = [](const conversation& a, const conversation& b) {
      return std::pair(a.updated_at, a.id) > std::pair(b.updated_at, b.id);
    };
    std::sort(all.begin(), all.end(), newest);
    for (auto& list : nodes)
      std::sort(list.begin(), list.end(), newest);
    auto limit = 1 + random() % 9;
    std::vector<conversation> gathered;
    for (std::string cursor;;) {
      std::vector<conversation_page> pages;
      for (const auto& list : nodes) {
        // A store may end its page early.
        auto size = std::min<std::size_t>(limit, 1 + random() % 9);
        conversation_page page;
        for (const auto& one : list) {
          auto behind = gathered.empty() || newest(gathered.back(), one);
          if (behind && page.items.size() < size)
            page.items.push_back(one);
          else if (behind)
            page.next_cursor = "more";
        }
        pages.push_back(std::move(page));
      }
      auto merged = merge_pages(std::move(pages), limit);
      CAF_REQUIRE(merged.items.size() <= limit);
      CAF_REQUIRE(!merged.items.empty() || merged.next_cursor.empty());
      gathered.insert(gathered.end(), merged.items.begin(), merged.items.end());
      cursor = merged.next_cursor;
      if (cursor.empty())
        break;
    }
    CAF_MESSAGE("seed " << seed);
    CAF_REQUIRE(gathered == all);
  }
}

CAF_TEST(the way of a key is forgotten when it is old and not before) {
  claim_table table{3};
  table.put(1, {node_tag{1}, {}, true});
  table.put(2, {node_tag{2}, {}, true});
  table.put(1, {node_tag{3}, {}, true}); // newer than 2 now
  table.put(4, {node_tag{4}, {}, true});
  CAF_CHECK_EQUAL(table.find(1)->target, node_tag{3});
  table.put(5, {node_tag{5}, {}, true});
  CAF_CHECK(!table.find(2));
  CAF_CHECK(table.find(1).has_value());
  table.erase(1, node_tag{9});
  CAF_CHECK(table.find(1).has_value());
  table.erase(1, node_tag{3});
  CAF_CHECK(!table.find(1));
  CAF_CHECK(table.size() <= 3u);
}

CAF_TEST(callers do not share keys) {
  CAF_CHECK_NOT_EQUAL(claim_digest("a", "bc"), claim_digest("ab", "c"));
  CAF_CHECK_EQUAL(claim_digest("a", "b"), claim_digest("a", "b"));
}
