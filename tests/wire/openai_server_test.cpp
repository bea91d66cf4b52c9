#include "wire/openai_server.hpp"

#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "wire/sse_parser.hpp"

namespace parley::wire {
namespace {

using nlohmann::json;

const completion_head head{"chatcmpl-1", "m", 7};

const std::string hello = R"("messages":[{"role":"user","content":"hi"}])";

result<openai_chat_request> with(std::string_view more) {
  return parse_openai_chat_request("{" + hello + "," + std::string{more} + "}");
}

void expect_refused(const result<openai_chat_request>& got,
                    std::string_view param) {
  ASSERT_FALSE(got) << param << " was taken";
  EXPECT_EQ(got.error().code, errc::invalid_request);
  EXPECT_EQ(got.error().field, param);
}

// -- the request --------------------------------------------------------------

TEST(openai_request, needs_only_messages) {
  const auto x = parse_openai_chat_request("{" + hello + "}");
  ASSERT_TRUE(x) << x.error().detail;
  EXPECT_TRUE(x->model.empty());
  EXPECT_FALSE(x->stream || x->include_usage || x->store);
  ASSERT_EQ(x->messages.size(), 1u);
  EXPECT_EQ(x->messages[0].role, role::user);
  EXPECT_EQ(x->messages[0].content, "hi");
  EXPECT_EQ(x->extra_json, "{" + hello + "}");
}

TEST(openai_request, passes_the_upstreams_members_on_byte_by_byte) {
  const auto x = with(
    R"("model":"m","stream":true,"stream_options":{"include_usage":true},)"
    R"("n":1,"temperature":0.50,"tools":[{"z":1,"a":2}],"new_thing":{"b":1})");
  ASSERT_TRUE(x) << x.error().detail;
  EXPECT_TRUE(x->stream && x->include_usage);
  EXPECT_EQ(x->model, "m");
  EXPECT_EQ(x->extra_json,
            "{" + hello
              + R"(,"temperature":0.50,)"
                R"("tools":[{"z":1,"a":2}],"new_thing":{"b":1}})");
}

TEST(openai_request, gathers_the_text_of_messages) {
  const auto x = parse_openai_chat_request(
    R"({"messages":[{"role":"developer","content":"a"},)"
    R"({"role":"user","content":[{"type":"text","text":"b"},)"
    R"({"type":"image_url","image_url":{"url":"data:"}},)"
    R"({"type":"text","text":"c"}]},)"
    R"({"role":"assistant","content":null,"tool_calls":[]},)"
    R"({"role":"tool","tool_call_id":"1","content":"d"}]})");
  ASSERT_TRUE(x) << x.error().detail;
  ASSERT_EQ(x->messages.size(), 4u);
  EXPECT_EQ(x->messages[0].role, role::system);
  EXPECT_EQ(x->messages[1].content, "b\nc");
  EXPECT_EQ(x->messages[2].content, "");
  EXPECT_EQ(x->messages[3].role, role::tool);
}

TEST(openai_request, store_keeps_metadata_here) {
  const auto stored = with(R"("store":true,"metadata":{"k":"v"})");
  ASSERT_TRUE(stored);
  EXPECT_EQ(stored->metadata, (metadata{{"k", "v"}}));
  EXPECT_EQ(stored->extra_json.find("metadata"), std::string::npos);
  const auto passed = with(R"("metadata":{"k":"v"})");
  EXPECT_NE(passed->extra_json.find("metadata"), std::string::npos);
}

TEST(openai_request, names_the_param_at_fault) {
  expect_refused(with(R"("n":2)"), "n");
  expect_refused(with(R"("stream":"yes")"), "stream");
  expect_refused(with(R"("model":5)"), "model");
  expect_refused(with(R"("stream_options":5)"), "stream_options");
  expect_refused(with(R"("stream_options":{"include_usage":1})"),
                 "stream_options.include_usage");
  expect_refused(parse_openai_chat_request("{}"), "messages");
  expect_refused(parse_openai_chat_request(R"({"messages":[]})"), "messages");
  expect_refused(parse_openai_chat_request(R"({"messages":[1]})"),
                 "messages[0]");
  expect_refused(
    parse_openai_chat_request(R"({"messages":[{"role":"robot"}]})"),
    "messages[0].role");
  EXPECT_EQ(parse_openai_chat_request("[]").error().code,
            errc::invalid_request);
  EXPECT_EQ(parse_openai_chat_request("x").error().code, errc::malformed_json);
}

// -- the streamed answer
// --------------------------------------------------------

std::vector<std::string> data_of(const std::vector<event>& events,
                                 bool include_usage) {
  const completion_stream_encoder encoder{head, include_usage};
  std::string out;
  for (const auto& x : events)
    encoder.append(out, x);
  std::vector<std::string> data;
  sse_parser parser{100'000};
  EXPECT_TRUE(parser.feed(
    out, [&data](const sse_event& x) { data.emplace_back(x.data); }));
  return data;
}

TEST(openai_stream, begins_with_the_role_and_ends_with_done) {
  const auto data = data_of(
    {start_event{}, progress_event{}, text_event{text_kind::reasoning, "hm", 3},
     text_event{text_kind::content, "a\"b", 6},
     done_event{finish_reason::stop, {}, {1, 2, false}, 7}},
    false);
  const std::string begin = R"({"id":"chatcmpl-1",)"
                            R"("object":"chat.completion.chunk","created":7,)"
                            R"("model":"m","choices":[{"index":0,"delta":{)";
  const std::string end = R"(},"logprobs":null,"finish_reason":null}]})";
  ASSERT_EQ(data.size(), 5u);
  EXPECT_EQ(data[0], begin + R"("role":"assistant","content":"")" + end);
  EXPECT_EQ(data[1], begin + R"("reasoning_content":"hm")" + end);
  EXPECT_EQ(data[2], begin + R"("content":"a\"b")" + end);
  EXPECT_EQ(data[3], begin + R"(},"logprobs":null,"finish_reason":"stop"}]})");
  EXPECT_EQ(data[4], "[DONE]");
}

TEST(openai_stream, tells_the_usage_in_a_chunk_of_its_own) {
  const auto data = data_of(
    {start_event{}, done_event{finish_reason::length, {}, {1, 2}, 2}}, true);
  ASSERT_EQ(data.size(), 4u);
  EXPECT_TRUE(json::parse(data[0])["usage"].is_null());
  EXPECT_TRUE(json::parse(data[1])["usage"].is_null());
  const auto last = json::parse(data[2]);
  EXPECT_TRUE(last["choices"].empty());
  EXPECT_EQ(last["usage"], json::parse(R"({"prompt_tokens":1,)"
                                       R"("completion_tokens":2,)"
                                       R"("total_tokens":3})"));
}

TEST(openai_stream, passes_tool_calls_on) {
  const auto data = data_of({tool_call_event{{1, "call_1", "f", ""}, 2},
                             tool_call_event{{1, "", "", "{}"}, 3}},
                            false);
  EXPECT_EQ(json::parse(data[0])["choices"][0]["delta"],
            json::parse(R"({"tool_calls":[{"index":1,"id":"call_1",)"
                        R"("type":"function",)"
                        R"("function":{"name":"f","arguments":""}}]})"));
  EXPECT_EQ(json::parse(data[1])["choices"][0]["delta"],
            json::parse(R"({"tool_calls":[{"index":1,)"
                        R"("function":{"arguments":"{}"}}]})"));
}

TEST(openai_stream, an_error_is_one_frame_in_openais_shape) {
  const auto data =
    data_of({error_event{errc::upstream_failed, "It broke.", true, 2}}, false);
  ASSERT_EQ(data.size(), 2u);
  EXPECT_EQ(data[0], R"({"error":{"message":"It broke.",)"
                     R"("type":"server_error","param":null,)"
                     R"("code":"upstream_failed"}})");
  EXPECT_EQ(data[1], "[DONE]");
}

TEST(openai_stream, our_own_client_reads_it_back) {
  const auto data =
    data_of({start_event{}, text_event{text_kind::content, "\xC3\xA4\n", 3},
             done_event{finish_reason::cancelled, {}, {5, 6, false}, 4}},
            true);
  ASSERT_EQ(data.size(), 5u);
  EXPECT_EQ(parse_completion_chunk(data[1])->content, "\xC3\xA4\n");
  EXPECT_EQ(parse_completion_chunk(data[2])->finish, finish_reason::stop);
  EXPECT_EQ(parse_completion_chunk(data[3])->usage, (usage{5, 6, false}));
  EXPECT_TRUE(is_done_marker(data[4]));
}

// -- the whole answer
// -----------------------------------------------------------

TEST(openai_completion, has_openais_members) {
  message answer;
  answer.content = "hello";
  answer.finish = finish_reason::length;
  answer.usage = usage{1, 2, false};
  EXPECT_EQ(encode_completion(head, answer),
            R"({"id":"chatcmpl-1","object":"chat.completion","created":7,)"
            R"("model":"m","choices":[{"index":0,"message":)"
            R"({"role":"assistant","content":"hello","refusal":null},)"
            R"("logprobs":null,"finish_reason":"length"}],)"
            R"("usage":{"prompt_tokens":1,"completion_tokens":2,)"
            R"("total_tokens":3}})");
}

TEST(openai_completion, an_answer_of_tool_calls_has_no_content) {
  message answer;
  answer.tool_calls = {{0, "call_1", "f", "{}"}};
  answer.finish = finish_reason::tool_calls;
  const auto choice =
    json::parse(encode_completion(head, answer))["choices"][0];
  EXPECT_TRUE(choice["message"]["content"].is_null());
  EXPECT_EQ(choice["message"]["tool_calls"],
            json::parse(R"([{"id":"call_1","type":"function",)"
                        R"("function":{"name":"f","arguments":"{}"}}])"));
  EXPECT_EQ(choice["finish_reason"], "tool_calls");
}

TEST(openai_models, are_listed) {
  const std::vector<listed_model> models{{"a", 7, "x"}, {"b", 0, ""}};
  const auto text = encode_model_list(models);
  EXPECT_EQ(text, R"({"object":"list","data":[{"id":"a","object":"model",)"
                  R"("created":7,"owned_by":"x"},{"id":"b","object":"model",)"
                  R"("created":0,"owned_by":"parley"}]})");
  EXPECT_EQ(parse_model_list(text)->size(), 2u);
  EXPECT_EQ(json::parse(encode_model(models[0]))["id"], "a");
}

} // namespace
} // namespace parley::wire
