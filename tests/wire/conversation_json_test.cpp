#include "wire/conversation_json.hpp"

#include <string>

#include <gtest/gtest.h>

namespace parley::wire {
namespace {

const auto conversation_1 =
  *conversation_id::parse("conv_01jd7v0c0p00001abcdefghjkm");
const auto message_1 = *message_id::parse("msg_01jd7v0c0p00001abcdefghjkm");
const auto message_2 = *message_id::parse("msg_01jd7v0c0p00001abcdefghjkn");
const auto stream_1 = *stream_id::parse("strm_01jd7v0c0p00001abcdefghjkm");

conversation sample() {
  conversation x;
  x.id = conversation_1;
  x.title = "Hello";
  x.metadata = {{"k", "v"}};
  x.created_at = timestamp{0};
  x.updated_at = timestamp{1500};
  x.message_count = 2;
  return x;
}

message user_message() {
  message x;
  x.id = message_1;
  x.conversation = conversation_1;
  x.content = "hi";
  x.created_at = timestamp{0};
  x.stream = stream_1;
  return x;
}

message answer() {
  auto x = user_message();
  x.id = message_2;
  x.parent = message_1;
  x.role = role::assistant;
  x.content = "hello";
  x.status = message_status::truncated;
  x.model = "eliza";
  x.finish = finish_reason::length;
  x.usage = usage{1, 2, true};
  return x;
}

const std::string user_json =
  R"({"id":"msg_01jd7v0c0p00001abcdefghjkm",)"
  R"("conversation_id":"conv_01jd7v0c0p00001abcdefghjkm","parent_id":null,)"
  R"("role":"user","content":"hi","reasoning":null,"status":"complete",)"
  R"("created_at":"1970-01-01T00:00:00.000Z",)"
  R"("stream_id":"strm_01jd7v0c0p00001abcdefghjkm","model":null,)"
  R"("finish_reason":null,"usage":null,"metadata":{}})";

const std::string usage_json =
  R"({"prompt_tokens":1,"completion_tokens":2,"total_tokens":3,)"
  R"("source":"estimated"})";

const std::string answer_json =
  R"({"id":"msg_01jd7v0c0p00001abcdefghjkn",)"
  R"("conversation_id":"conv_01jd7v0c0p00001abcdefghjkm",)"
  R"("parent_id":"msg_01jd7v0c0p00001abcdefghjkm",)"
  R"("role":"assistant","content":"hello","reasoning":null,)"
  R"("status":"truncated","created_at":"1970-01-01T00:00:00.000Z",)"
  R"("stream_id":"strm_01jd7v0c0p00001abcdefghjkm","model":"eliza",)"
  R"("finish_reason":"length","usage":)"
  + usage_json + R"(,"metadata":{}})";

TEST(conversation_json, a_conversation_has_exactly_the_promised_members) {
  const std::string expected =
    R"({"id":"conv_01jd7v0c0p00001abcdefghjkm","title":"Hello",)"
    R"("system_prompt":null,"model":null,"metadata":{"k":"v"},)"
    R"("created_at":"1970-01-01T00:00:00.000Z",)"
    R"("updated_at":"1970-01-01T00:00:01.500Z","message_count":2,)"
    R"("active_stream":)";
  EXPECT_EQ(encode_conversation(sample(), std::nullopt), expected + "null}");
  EXPECT_EQ(encode_conversation(sample(), active_stream{stream_1, 9}),
            expected
              + R"({"id":"strm_01jd7v0c0p00001abcdefghjkm","last_seq":9}})");
}

TEST(conversation_json, a_message_has_exactly_the_promised_members) {
  EXPECT_EQ(encode_message(user_message()), user_json);
  EXPECT_EQ(encode_message(answer()), answer_json);
}

TEST(conversation_json, tool_calls_are_there_where_there_are_some) {
  auto x = user_message();
  x.tool_calls = {{0, "call_1", "f", "{}"}};
  EXPECT_TRUE(encode_message(x).ends_with(
    R"("tool_calls":[{"index":0,"id":"call_1","name":"f","arguments":"{}"}]})"));
}

TEST(conversation_json, pages_have_a_cursor_or_null) {
  const std::vector<message> messages{user_message(), answer()};
  EXPECT_EQ(encode_message_page(messages, ""), R"({"data":[)" + user_json + ","
                                                 + answer_json
                                                 + R"(],"next_cursor":null})");
  EXPECT_EQ(encode_conversation_page({}, "abc"),
            R"({"data":[],"next_cursor":"abc"})");
  const std::vector<conversation_view> views{{sample(), std::nullopt}};
  EXPECT_EQ(encode_conversation_page(views, ""),
            R"({"data":[)" + encode_conversation(sample(), std::nullopt)
              + R"(],"next_cursor":null})");
}

TEST(conversation_json, a_stream_shows_its_state) {
  stream_state x;
  x.id = stream_1;
  x.conversation = conversation_1;
  x.message = message_2;
  x.status = stream_status::generating;
  x.last_seq = 17;
  x.started_at = timestamp{0};
  x.subscribers = 2;
  EXPECT_EQ(encode_stream_state(x),
            R"({"id":"strm_01jd7v0c0p00001abcdefghjkm",)"
            R"("conversation_id":"conv_01jd7v0c0p00001abcdefghjkm",)"
            R"("message_id":"msg_01jd7v0c0p00001abcdefghjkn",)"
            R"("status":"generating","last_seq":17,)"
            R"("started_at":"1970-01-01T00:00:00.000Z","finished_at":null,)"
            R"("finish_reason":null,"subscribers":2})");
}

TEST(conversation_json, the_blocking_answer_holds_both_messages) {
  EXPECT_EQ(encode_answer(user_message(), answer()),
            R"({"stream_id":"strm_01jd7v0c0p00001abcdefghjkm",)"
            R"("conversation_id":"conv_01jd7v0c0p00001abcdefghjkm",)"
            R"("user_message":)"
              + user_json + R"(,"message":)" + answer_json
              + R"(,"finish_reason":"length","usage":)" + usage_json + "}");
}

// -- requests -----------------------------------------------------------------

TEST(new_conversation, all_of_it_is_optional) {
  EXPECT_TRUE(parse_new_conversation("{}"));
  const auto x = parse_new_conversation(
    R"({"title":"t","system_prompt":"s","model":"m","metadata":{"k":"v"}})");
  ASSERT_TRUE(x);
  EXPECT_EQ(x->title, "t");
  EXPECT_EQ(x->system_prompt, "s");
  EXPECT_EQ(x->model, "m");
  EXPECT_EQ(x->metadata, (metadata{{"k", "v"}}));
}

TEST(new_conversation, refuses_what_it_does_not_know) {
  for (const std::string bad :
       {R"({"id":"x"})", R"({"title":1})", R"({"metadata":[]})", "[]",
        R"({"model":{}})"}) {
    const auto x = parse_new_conversation(bad);
    ASSERT_FALSE(x) << bad;
    EXPECT_EQ(x.error().code, errc::invalid_request) << bad;
  }
  const auto x =
    parse_new_conversation(R"({"title":")" + std::string(201, 't') + "\"}");
  EXPECT_EQ(x.error().field, "title");
}

TEST(conversation_patch, changes_only_what_is_there) {
  const auto nothing = parse_conversation_patch("{}");
  ASSERT_TRUE(nothing);
  EXPECT_FALSE(nothing->title || nothing->system_prompt || nothing->model
               || nothing->metadata);
  const auto title = parse_conversation_patch(R"({"title":"new"})");
  EXPECT_EQ(title->title, "new");
  EXPECT_FALSE(title->model);
}

TEST(conversation_patch, null_clears) {
  const auto x = parse_conversation_patch(
    R"({"title":null,"system_prompt":"","model":null,"metadata":null})");
  ASSERT_TRUE(x);
  EXPECT_EQ(x->title, "");
  EXPECT_EQ(x->system_prompt, "");
  EXPECT_EQ(x->model, "");
  EXPECT_EQ(x->metadata, metadata{});
}

TEST(conversation_patch, refuses_what_it_does_not_know) {
  EXPECT_EQ(parse_conversation_patch(R"({"titel":"x"})").error().field,
            "titel");
  EXPECT_EQ(parse_conversation_patch(R"({"metadata":{"a":1}})").error().field,
            "metadata");
  EXPECT_FALSE(parse_conversation_patch("null"));
}

} // namespace
} // namespace parley::wire
