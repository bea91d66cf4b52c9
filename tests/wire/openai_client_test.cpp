#include "wire/openai_client.hpp"

#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "chat/utf8.hpp"

namespace parley::wire {
namespace {

using nlohmann::json;

const std::string replacement = "\xEF\xBF\xBD";

// A chunk as OpenAI sends it, around a delta.
std::string around(std::string_view delta, std::string_view finish = "null") {
  return R"({"id":"chatcmpl-1","object":"chat.completion.chunk",)"
         R"("created":1,"model":"m","choices":[{"index":0,"delta":)"
         + std::string{delta} + R"(,"logprobs":null,"finish_reason":)"
         + std::string{finish} + "}]}";
}

completion_chunk read(std::string_view data) {
  const auto chunk = parse_completion_chunk(data);
  EXPECT_TRUE(chunk) << chunk.error().detail << "\n" << data;
  return chunk.value_or(completion_chunk{});
}

// -- the request --------------------------------------------------------------

TEST(completion_request, has_the_members_of_openais_api) {
  completion_request x;
  x.model = "gpt";
  x.messages = {{role::system, "Be \"brief\"."}, {role::user, "hi"}};
  x.sampling.temperature = 0.7;
  x.sampling.top_p = 1;
  x.sampling.max_tokens = 5;
  x.sampling.stop = {"a", "b"};
  x.sampling.seed = -1;
  EXPECT_EQ(encode_completion_request(x),
            R"({"model":"gpt","messages":[)"
            R"({"role":"system","content":"Be \"brief\"."},)"
            R"({"role":"user","content":"hi"}],"temperature":0.7,"top_p":1,)"
            R"("max_tokens":5,"stop":["a","b"],"seed":-1,"stream":true,)"
            R"("stream_options":{"include_usage":true}})");
}

TEST(completion_request, leaves_out_what_is_not_set) {
  const auto tree =
    json::parse(encode_completion_request({"m", {}, sampling{}, ""}));
  EXPECT_EQ(tree.size(), 4u);
}

TEST(completion_request, passes_extra_members_on_byte_by_byte) {
  completion_request x;
  x.model = "m";
  x.messages = {{role::user, "ours"}};
  x.sampling.temperature = 1;
  x.extra_json = R"({"tools":[{"z":1,"a":1.00}],"messages":[{"role":"user"}],)"
                 R"("temperature":0.10,"model":"theirs","stream":false,)"
                 R"("stream_options":null})";
  EXPECT_EQ(encode_completion_request(x),
            R"({"model":"m","tools":[{"z":1,"a":1.00}],)"
            R"("messages":[{"role":"user"}],"temperature":0.10,)"
            R"("stream":true,"stream_options":{"include_usage":true}})");
}

// -- chunks -------------------------------------------------------------------

TEST(completion_chunk, reads_content) {
  EXPECT_EQ(read(around(R"({"content":"Hel\nlo \u00e4\ud83d\ude42"})")).content,
            "Hel\nlo \xC3\xA4\xF0\x9F\x99\x82");
  const auto first = read(around(R"({"role":"assistant","content":""})"));
  EXPECT_TRUE(first.content.empty());
  EXPECT_EQ(first.finish, finish_reason::none);
  EXPECT_FALSE(first.usage);
  EXPECT_TRUE(read(around(R"({"content":null})")).content.empty());
}

TEST(completion_chunk, reads_a_token_of_64_kilobytes) {
  const std::string token(64 * 1024, 'x');
  EXPECT_EQ(read(around(R"({"content":")" + token + "\"}")).content, token);
}

TEST(completion_chunk, reads_reasoning_under_both_names) {
  EXPECT_EQ(read(around(R"({"reasoning_content":"hm"})")).reasoning, "hm");
  EXPECT_EQ(read(around(R"({"reasoning":"hm"})")).reasoning, "hm");
  EXPECT_EQ(
    read(around(R"({"reasoning":"hm","reasoning_content":"hm"})")).reasoning,
    "hm")
    << "servers that say both mean it once";
  EXPECT_EQ(
    read(around(R"({"reasoning_content":null,"reasoning":"hm"})")).reasoning,
    "hm");
}

TEST(completion_chunk, reads_content_in_parts) {
  EXPECT_EQ(
    read(around(R"({"content":[{"type":"text","text":"a"},{"text":"b"}]})"))
      .content,
    "ab");
}

TEST(completion_chunk, reads_fragments_of_tool_calls) {
  const auto first =
    read(around(R"({"tool_calls":[{"index":1,"id":"call_1","type":"function",)"
                R"("function":{"name":"f","arguments":""}}]})"));
  EXPECT_EQ(first.tool_calls, (std::vector<tool_call>{{1, "call_1", "f", ""}}));
  const auto next = read(around(
    R"({"tool_calls":[{"index":1,"function":{"arguments":"{\"x\""}}]})"));
  EXPECT_EQ(next.tool_calls, (std::vector<tool_call>{{1, "", "", "{\"x\""}}));
}

TEST(completion_chunk, reads_tool_calls_without_index_and_with_objects) {
  const auto chunk = read(around(
    R"({"tool_calls":[{"id":"a","function":{"name":"f","arguments":{"x": 1}}},)"
    R"({"id":"b","function":{"name":"g","arguments":"{}"}}]})"));
  EXPECT_EQ(
    chunk.tool_calls,
    (std::vector<tool_call>{{0, "a", "f", "{\"x\": 1}"}, {1, "b", "g", "{}"}}));
}

TEST(completion_chunk, knows_why_the_answer_ended) {
  const auto finish_of = [](std::string_view reason) {
    return read(around("{}", "\"" + std::string{reason} + "\"")).finish;
  };
  EXPECT_EQ(finish_of("stop"), finish_reason::stop);
  EXPECT_EQ(finish_of("length"), finish_reason::length);
  EXPECT_EQ(finish_of("tool_calls"), finish_reason::tool_calls);
  EXPECT_EQ(finish_of("function_call"), finish_reason::tool_calls);
  EXPECT_EQ(finish_of("content_filter"), finish_reason::content_filter);
  EXPECT_EQ(finish_of("eos"), finish_reason::stop);
  EXPECT_EQ(finish_of(""), finish_reason::none);
}

TEST(completion_chunk, reads_usage) {
  const auto chunk =
    read(R"({"choices":[],"usage":{"prompt_tokens":9,"completion_tokens":12,)"
         R"("total_tokens":21,"prompt_tokens_details":{"cached_tokens":0}}})");
  ASSERT_TRUE(chunk.usage);
  EXPECT_EQ(*chunk.usage, (usage{9, 12, false}));
  EXPECT_FALSE(read(R"({"choices":[],"usage":null})").usage);
  EXPECT_FALSE(read(R"({"choices":[],"usage":{}})").usage);
  EXPECT_EQ(read(R"({"usage":{"prompt_tokens":-5,"completion_tokens":1e300}})")
              .usage->prompt_tokens,
            0u);
}

TEST(completion_chunk, tolerates_what_brings_nothing) {
  for (const auto* data :
       {"{}", R"({"choices":[]})", R"({"choices":null})", R"({"choices":[{}]})",
        R"({"choices":[{"delta":null}]})", R"({"error":null,"choices":[]})",
        R"({"error":false})", R"({"x":[[{"y":"]}"}]],"timings":{"a":1.5e-3}})",
        R"( { "choices" : [ { "delta" : { } } ] } )"}) {
    const auto chunk = read(data);
    EXPECT_TRUE(chunk.content.empty()) << data;
    EXPECT_EQ(chunk.finish, finish_reason::none) << data;
  }
}

TEST(completion_chunk, takes_the_first_choice_only) {
  const auto chunk = read(R"({"choices":[{"delta":{"content":"b"},"index":1},)"
                          R"({"delta":{"content":"a"},"index":0}]})");
  EXPECT_EQ(chunk.content, "a");
}

TEST(completion_chunk, broken_text_becomes_replacement_characters) {
  EXPECT_EQ(read(around(R"({"content":"a\ud83d"})")).content,
            "a" + replacement);
  EXPECT_EQ(read(around(R"({"content":"\ude42b"})")).content,
            replacement + "b");
  EXPECT_EQ(read(around(R"({"content":"\ud83d\u0041"})")).content,
            replacement + "A");
  EXPECT_EQ(read(around(R"({"content":"\ud83d\ud83d\ude42"})")).content,
            replacement + "\xF0\x9F\x99\x82");
  EXPECT_EQ(read(around("{\"content\":\"a\xFFz\"}")).content,
            "a" + replacement + "z");
  EXPECT_EQ(read(around("{\"content\":\"\xF0\x9F\"}")).content, replacement);
  EXPECT_EQ(read(around(R"({"tool_calls":[{"function":{"arguments":{"a":")"
                        "\xFF\"}}}]}"))
              .tool_calls[0]
              .arguments,
            "{\"a\":\"" + replacement + "\"}");
}

TEST(completion_chunk, an_error_object_is_the_upstreams_failure) {
  for (const auto* data :
       {R"({"error":{"message":"boom","type":"server_error"}})",
        R"({"error":"boom"})", R"({"object":"error","message":"boom"})",
        R"({"choices":[{"delta":{"content":"x"}}],"error":{"message":"boom"}})",
        R"({"error":{"message":"boom")"}) {
    const auto chunk = parse_completion_chunk(data);
    ASSERT_FALSE(chunk) << data;
    EXPECT_EQ(chunk.error().code, errc::upstream_failed) << data;
    EXPECT_EQ(chunk.error().detail, "the upstream reported an error: boom");
  }
}

TEST(completion_chunk, garbage_is_a_protocol_error) {
  for (const std::string data :
       {"", "garbage", "[]", "1", "null", "{", "{}}", "{} x", "{\"choices\"",
        R"({"choices":[{"delta":{"content":"cut)", R"({"choices":"x"})",
        R"({"choices":[1]})", R"({"choices":{}})", R"({"a":1,})", R"({"a" 1})",
        R"({"a":[1})", R"({"choices":[{"delta":{"content":"\x"}}]})",
        R"({"a":tru})", R"({"choices":[{"delta":{"content":"\ud8"}}]})"}) {
    const auto chunk = parse_completion_chunk(data);
    ASSERT_FALSE(chunk) << data;
    EXPECT_EQ(chunk.error().code, errc::upstream_protocol) << data;
  }
}

TEST(completion_chunk, deep_nesting_costs_no_stack) {
  EXPECT_FALSE(parse_completion_chunk("{\"a\":" + std::string(1'000'000, '[')));
  EXPECT_FALSE(parse_completion_chunk(std::string(1'000'000, '{')));
}

TEST(completion_body, reads_like_one_chunk) {
  const auto body = parse_completion_body(
    R"({"object":"chat.completion","choices":[{"index":0,"message":)"
    R"({"role":"assistant","content":"hello","tool_calls":null},)"
    R"("finish_reason":"stop"}],"usage":{"prompt_tokens":1,)"
    R"("completion_tokens":2}})");
  ASSERT_TRUE(body);
  EXPECT_EQ(body->content, "hello");
  EXPECT_EQ(body->finish, finish_reason::stop);
  EXPECT_EQ(body->usage->completion_tokens, 2u);
}

TEST(done_marker, is_recognised) {
  EXPECT_TRUE(is_done_marker("[DONE]"));
  EXPECT_TRUE(is_done_marker("[DONE] "));
  EXPECT_FALSE(is_done_marker("[done]"));
  EXPECT_FALSE(is_done_marker("{}"));
}

// -- models and errors --------------------------------------------------------

TEST(model_list, reads_ids) {
  const auto models = parse_model_list(
    R"({"object":"list","data":[{"id":"a","object":"model","created":7,)"
    R"("owned_by":"x","meta":{"n":[1]}},{"id":"b"},{"object":"no id"}]})");
  ASSERT_TRUE(models);
  EXPECT_EQ(*models, (std::vector<listed_model>{{"a", 7, "x"}, {"b", 0, ""}}));
}

TEST(model_list, refuses_what_is_none) {
  for (const auto* body : {"", "[]", "{}", R"({"data":{}})", R"({"data":[1]})",
                           R"({"data":[{"id":"a"}])", "<html>"}) {
    const auto models = parse_model_list(body);
    ASSERT_FALSE(models) << body;
    EXPECT_EQ(models.error().code, errc::upstream_protocol);
  }
}

TEST(upstream_error_text, finds_the_words_in_every_shape) {
  for (const auto* body :
       {R"({"error":{"message":"too long","code":400}})",
        R"({"error":"too long"})", R"({"message":"too long"})",
        R"({"detail":"too long"})", R"({"detail":[{"msg":"too long"}]})",
        R"([{"error":{"code":400,"message":"too long"}}])", "too long",
        "  too\r\n\tlong \n"})
    EXPECT_EQ(upstream_error_text(body), "too long") << body;
}

TEST(upstream_error_text, is_empty_where_nothing_is_said) {
  for (const auto* body : {"", "{}", "[]", "<html><body>502</body></html>",
                           R"({"error":null})", R"({"error":{}})", "{\"err"})
    EXPECT_EQ(upstream_error_text(body), "") << body;
}

TEST(upstream_error_text, masks_keys) {
  EXPECT_EQ(
    upstream_error_text(
      R"({"error":{"message":"Incorrect API key: sk-proj-abc123*xyz."}})"),
    "Incorrect API key: ***");
  EXPECT_EQ(upstream_error_text("bad header Bearer abcdef.123-x ok"),
            "bad header *** ok");
  EXPECT_EQ(upstream_error_text("task-force risk-based gpt-4"),
            "task-force risk-based gpt-4");
}

TEST(upstream_error_text, is_one_short_line_of_valid_text) {
  std::string nasty = "a\nb\x01\xFF";
  for (int i = 0; i < 1000; ++i)
    nasty += "\xC3\xA4";
  const auto shown = upstream_error_text(nasty);
  EXPECT_TRUE(shown.starts_with("a b " + replacement));
  EXPECT_TRUE(utf8::is_valid(shown));
  EXPECT_LE(utf8::length(shown), 300u);
}

} // namespace
} // namespace parley::wire
