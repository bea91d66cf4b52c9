#include "wire/conversation_export.hpp"

#include <algorithm>
#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace parley::wire {
namespace {

using nlohmann::json;

exported_conversation sample() {
  id_generator ids{node_tag{5}};
  exported_conversation x;
  auto& about = x.conversation;
  about.id = ids.next<conversation_id>(timestamp{1000});
  about.title = "A \"title\"";
  about.system_prompt = "Be brief.";
  about.model = "eliza";
  about.metadata = {{"k", "v"}};
  about.created_at = timestamp{1000};
  about.updated_at = timestamp{5000};
  const auto stream = ids.next<stream_id>(timestamp{1500});
  for (int i = 0; i < 4; ++i) {
    message m;
    m.id = ids.next<message_id>(timestamp{2000 + i});
    m.conversation = about.id;
    m.parent = i > 0 ? x.messages.back().id : message_id{};
    m.role = i % 2 == 0 ? role::user : role::assistant;
    m.content = "text " + std::to_string(i) + "\n\xF0\x9F\x99\x82";
    m.created_at = timestamp{2000 + i};
    m.stream = stream;
    x.messages.push_back(m);
  }
  x.messages[0].metadata = {{"from", "phone"}};
  auto& answer = x.messages[1];
  answer.content.push_back('\0');
  answer.reasoning = "thinking";
  answer.tool_calls = {{0, "call_1", "f", "{\"a\":1}"}, {2, "", "", ""}};
  answer.status = message_status::truncated;
  answer.finish = finish_reason::length;
  answer.usage = usage{10, 20, false};
  answer.model = "eliza";
  x.messages[3].status = message_status::failed;
  x.messages[3].usage = usage{1, 2, true};
  about.message_count = x.messages.size();
  about.last_message = x.messages.back().id;
  return x;
}

json sample_json() {
  return json::parse(encode_export(sample()));
}

void expect_refused(const json& tree, std::string_view field) {
  const auto got = parse_import(tree.dump());
  ASSERT_FALSE(got) << field << " was taken";
  EXPECT_EQ(got.error().code, errc::invalid_request);
  EXPECT_EQ(got.error().field, field) << got.error().detail;
}

TEST(conversation_export, comes_back_unchanged) {
  const auto before = sample();
  const auto text = encode_export(before);
  const auto after = parse_import(text);
  ASSERT_TRUE(after) << after.error().detail;
  EXPECT_EQ(*after, before);
  EXPECT_EQ(encode_export(*after), text);
}

TEST(conversation_export, an_empty_conversation_comes_back_too) {
  exported_conversation x;
  x.conversation.id = sample().conversation.id;
  const auto after = parse_import(encode_export(x));
  ASSERT_TRUE(after) << after.error().detail;
  EXPECT_EQ(*after, x);
}

TEST(conversation_export, says_what_it_is) {
  const auto tree = sample_json();
  EXPECT_EQ(tree["format"], "parley.conversation");
  EXPECT_EQ(tree["version"], 1);
  EXPECT_FALSE(tree["conversation"].contains("active_stream"));
}

TEST(conversation_import, an_unfinished_answer_is_interrupted) {
  auto x = sample();
  x.messages[3].status = message_status::generating;
  EXPECT_EQ(parse_import(encode_export(x))->messages[3].status,
            message_status::interrupted);
}

TEST(conversation_import, refuses_what_is_not_an_export) {
  EXPECT_FALSE(parse_import("{}"));
  EXPECT_FALSE(parse_import("[]"));
  EXPECT_EQ(parse_import("{").error().code, errc::malformed_json);
  auto tree = sample_json();
  tree["format"] = "other";
  expect_refused(tree, "format");
  tree = sample_json();
  tree["version"] = 2;
  expect_refused(tree, "version");
  tree = sample_json();
  tree["extra"] = 1;
  expect_refused(tree, "extra");
  tree = sample_json();
  tree["messages"] = "x";
  expect_refused(tree, "messages");
  tree = sample_json();
  tree["conversation"] = 5;
  expect_refused(tree, "conversation");
}

TEST(conversation_import, names_the_member_that_is_wrong) {
  const auto broken = [](std::size_t message, const char* member, json value) {
    auto tree = sample_json();
    tree["messages"][message][member] = std::move(value);
    return tree;
  };
  expect_refused(broken(1, "role", "robot"), "messages[1].role");
  expect_refused(broken(1, "role", nullptr), "messages[1].role");
  expect_refused(broken(2, "id", "msg_"), "messages[2].id");
  expect_refused(broken(0, "status", "done"), "messages[0].status");
  expect_refused(broken(0, "created_at", "now"), "messages[0].created_at");
  expect_refused(broken(0, "content", 7), "messages[0].content");
  expect_refused(broken(1, "usage", 7), "messages[1].usage");
  expect_refused(broken(1, "usage", {{"prompt_tokens", -1}}),
                 "messages[1].usage.completion_tokens");
  expect_refused(broken(1, "tool_calls", json::array({1})),
                 "messages[1].tool_calls[0]");
  expect_refused(broken(0, "surprise", 1), "messages[0].surprise");
  auto tree = sample_json();
  tree["conversation"].erase("created_at");
  expect_refused(tree, "conversation.created_at");
  tree = sample_json();
  tree["conversation"]["title"] = std::string(201, 'x');
  expect_refused(tree, "conversation.title");
}

TEST(conversation_import, refuses_what_does_not_fit_together) {
  const auto other_id = "msg_01jd7v0c0p00001abcdefghjkm";
  auto tree = sample_json();
  tree["messages"][2]["id"] = tree["messages"][0]["id"];
  expect_refused(tree, "messages[2].id");
  tree = sample_json();
  tree["messages"][2]["conversation_id"] = "conv_01jd7v0c0p00001abcdefghjkm";
  expect_refused(tree, "messages[2].conversation_id");
  tree = sample_json();
  tree["messages"][2]["parent_id"] = other_id;
  expect_refused(tree, "messages[2].parent_id");
  tree = sample_json();
  tree["conversation"]["last_message_id"] = other_id;
  expect_refused(tree, "conversation.last_message_id");
}

TEST(conversation_import, nothing_is_its_own_ancestor) {
  auto tree = sample_json();
  tree["messages"][0]["parent_id"] = tree["messages"][3]["id"];
  const auto circle = parse_import(tree.dump());
  ASSERT_FALSE(circle);
  EXPECT_TRUE(circle.error().field.ends_with("parent_id"));
  tree = sample_json();
  tree["messages"][2]["parent_id"] = tree["messages"][2]["id"];
  expect_refused(tree, "messages[2].parent_id");
}

TEST(conversation_import, takes_branches) {
  auto tree = sample_json();
  tree["messages"][3]["parent_id"] = tree["messages"][0]["id"];
  EXPECT_TRUE(parse_import(tree.dump()));
}

TEST(conversation_import, checks_a_long_chain_in_one_pass) {
  auto x = sample();
  id_generator ids{node_tag{5}};
  while (x.messages.size() < 20'000) {
    auto next = x.messages[0];
    next.id = ids.next<message_id>(timestamp{9000});
    next.parent = x.messages.back().id;
    x.messages.push_back(next);
  }
  // Youngest first: each walk to the root would pass all the others.
  std::reverse(x.messages.begin(), x.messages.end());
  EXPECT_TRUE(parse_import(encode_export(x)));
}

// -- Markdown
// -------------------------------------------------------------------

TEST(markdown, shows_title_and_messages) {
  const auto text = encode_markdown(sample());
  EXPECT_TRUE(text.starts_with("# A \"title\"\n\n")) << text;
  EXPECT_NE(text.find("## User\n\n*1970-01-01T00:00:02.000Z*\n\n> text 0\n"),
            std::string::npos)
    << text;
  EXPECT_NE(text.find("## Assistant\n\n"), std::string::npos);
  EXPECT_NE(text.find("truncated"), std::string::npos);
  EXPECT_NE(text.find("> thinking\n"), std::string::npos);
}

TEST(markdown, no_content_gets_out_of_its_quote) {
  exported_conversation x = sample();
  x.conversation.title = "# x\n## User\n[a](b) `c`";
  x.messages.resize(1);
  x.messages[0].content = "```\n## Assistant\r# faked\r\n\n> out\n~~~~";
  const auto text = encode_markdown(x);
  EXPECT_TRUE(text.starts_with("# \\# x \\#\\# User \\[a\\](b) \\`c\\`\n"))
    << text;
  EXPECT_NE(
    text.find("> ```\n> ## Assistant\n> # faked\n>\n> > out\n> ~~~~\n\n"),
    std::string::npos)
    << text;
  EXPECT_EQ(text.find("\n## Assistant"), std::string::npos);
  EXPECT_EQ(text.find('\r'), std::string::npos);
}

} // namespace
} // namespace parley::wire
