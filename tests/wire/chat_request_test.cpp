#include "wire/chat_request.hpp"

#include <chrono>
#include <string>

#include <gtest/gtest.h>

namespace parley::wire {
namespace {

using namespace std::chrono_literals;

const std::string conversation = "conv_01jd7v0c0p00001abcdefghjkm";

chat_request_defaults defaults() {
  chat_request_defaults x;
  x.policy.grace = 30s;
  x.policy.first_reader_grace = 20s;
  x.max_response_chars = 4000;
  return x;
}

result<chat_request> parse(std::string_view body) {
  return parse_chat_request(body, {10, 4000}, defaults());
}

// {"message":"hi", <more>}
result<chat_request> with(std::string_view more) {
  return parse(R"({"message":"hi",)" + std::string{more} + "}");
}

void expect_refused(const result<chat_request>& got, std::string_view field,
                    errc code = errc::invalid_request) {
  ASSERT_FALSE(got) << field << " was taken";
  EXPECT_EQ(got.error().code, code) << got.error().detail;
  EXPECT_EQ(got.error().field, field);
  EXPECT_NE(got.error().detail.find(field), std::string::npos)
    << got.error().detail;
}

TEST(chat_request, needs_only_a_message) {
  const auto x = parse(R"({"message":"hi"})");
  ASSERT_TRUE(x) << x.error().detail;
  EXPECT_EQ(x->message, "hi");
  EXPECT_TRUE(x->conversation.empty());
  EXPECT_TRUE(x->model.empty());
  EXPECT_EQ(x->sampling, sampling{});
  EXPECT_EQ(x->max_response_chars, 4000u);
  EXPECT_EQ(x->on_disconnect, defaults().policy);
  EXPECT_FALSE(x->cancel_if_busy);
  EXPECT_TRUE(x->metadata.empty());
  EXPECT_TRUE(x->idempotency_key.empty());
}

TEST(chat_request, reads_every_field) {
  const auto x =
    parse(R"({"message":"hi","conversation_id":")" + conversation
          + R"(","model":"m","temperature":0.5,"top_p":1,"max_tokens":7,)"
            R"("stop":["a","b"],"seed":-3,"max_response_chars":100,)"
            R"("on_disconnect":"continue","if_busy":"cancel",)"
            R"("metadata":{"k":"v"}})");
  ASSERT_TRUE(x) << x.error().detail;
  EXPECT_EQ(x->conversation.str(), conversation);
  EXPECT_EQ(x->model, "m");
  EXPECT_EQ(x->sampling.temperature, 0.5);
  EXPECT_EQ(x->sampling.top_p, 1.0);
  EXPECT_EQ(x->sampling.max_tokens, 7);
  EXPECT_EQ(x->sampling.stop, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(x->sampling.seed, -3);
  EXPECT_EQ(x->max_response_chars, 100u);
  EXPECT_EQ(x->on_disconnect.kind, disconnect_policy::kind_t::keep);
  EXPECT_TRUE(x->cancel_if_busy);
  EXPECT_EQ(x->metadata, (metadata{{"k", "v"}}));
}

TEST(chat_request, null_is_absent_for_every_optional_field) {
  const auto x =
    with(R"("conversation_id":null,"model":null,"system_prompt":null,)"
         R"("temperature":null,"top_p":null,"max_tokens":null,"stop":null,)"
         R"("seed":null,"max_response_chars":null,"on_disconnect":null,)"
         R"("if_busy":null,"metadata":null)");
  ASSERT_TRUE(x) << x.error().detail;
  EXPECT_EQ(x->sampling, sampling{});
  EXPECT_EQ(x->on_disconnect, defaults().policy);
}

TEST(chat_request, the_body_must_be_an_object) {
  for (const auto* body : {"[]", "1", "\"message\"", "null", "true"}) {
    const auto x = parse(body);
    ASSERT_FALSE(x) << body;
    EXPECT_EQ(x.error().code, errc::invalid_request) << body;
  }
  EXPECT_EQ(parse("{").error().code, errc::malformed_json);
  EXPECT_EQ(parse("").error().code, errc::malformed_json);
}

TEST(chat_request, the_message_is_required_and_not_empty) {
  expect_refused(parse("{}"), "message");
  expect_refused(parse(R"({"message":null})"), "message");
  expect_refused(parse(R"({"message":""})"), "message");
  expect_refused(parse(R"({"message":1})"), "message");
  expect_refused(parse(R"({"message":["a"]})"), "message");
}

TEST(chat_request, the_message_is_measured_in_code_points) {
  std::string ten;
  for (int i = 0; i < 10; ++i)
    ten += "\xF0\x9F\x99\x82";
  EXPECT_TRUE(parse(R"({"message":")" + ten + "\"}"));
  expect_refused(parse(R"({"message":")" + ten + "x\"}"), "message",
                 errc::message_too_long);
}

TEST(chat_request, a_nul_character_in_the_message_stays) {
  const auto x = parse(R"({"message":"a\u0000b"})");
  ASSERT_TRUE(x);
  EXPECT_EQ(x->message, (std::string{"a\0b", 3}));
}

TEST(chat_request, names_an_unknown_field) {
  expect_refused(with(R"("temprature":1)"), "temprature");
  expect_refused(with(R"("Message":"hi")"), "Message");
  const auto x = with("\"" + std::string(100'000, 'x') + "\":1");
  ASSERT_FALSE(x);
  EXPECT_LT(x.error().detail.size(), 200u);
}

TEST(chat_request, names_a_field_of_the_wrong_type) {
  expect_refused(with(R"("conversation_id":1)"), "conversation_id");
  expect_refused(with(R"("model":1)"), "model");
  expect_refused(with(R"("model":"")"), "model");
  expect_refused(with(R"("system_prompt":{})"), "system_prompt");
  expect_refused(with(R"("temperature":"1")"), "temperature");
  expect_refused(with(R"("top_p":true)"), "top_p");
  expect_refused(with(R"("max_tokens":"5")"), "max_tokens");
  expect_refused(with(R"("seed":1.5)"), "seed");
  expect_refused(with(R"("if_busy":true)"), "if_busy");
  expect_refused(with(R"("if_busy":"wait")"), "if_busy");
}

TEST(chat_request, sampling_has_its_ranges) {
  for (const auto* good : {"0", "2", "0.0", "1.99"})
    EXPECT_TRUE(with(R"("temperature":)" + std::string{good})) << good;
  for (const auto* bad : {"-0.1", "2.01", "1e300"})
    expect_refused(with(R"("temperature":)" + std::string{bad}), "temperature");
  expect_refused(with(R"("top_p":1.1)"), "top_p");
  expect_refused(with(R"("top_p":-1)"), "top_p");
  EXPECT_EQ(with(R"("max_tokens":5.0)")->sampling.max_tokens, 5);
  for (const auto* bad : {"0", "-1", "1.5", "9223372036854775808", "1e30"})
    expect_refused(with(R"("max_tokens":)" + std::string{bad}), "max_tokens");
  EXPECT_EQ(with(R"("seed":9223372036854775807)")->sampling.seed, INT64_MAX);
}

TEST(chat_request, stop_is_a_string_or_up_to_four) {
  EXPECT_EQ(with(R"("stop":"x")")->sampling.stop,
            (std::vector<std::string>{"x"}));
  EXPECT_TRUE(with(R"("stop":["a","b","c","d"])"));
  EXPECT_TRUE(with(R"("stop":[])"));
  for (const auto* bad : {R"(["a","b","c","d","e"])", "[1]", "1", R"({"a":1})"})
    expect_refused(with(R"("stop":)" + std::string{bad}), "stop");
  expect_refused(with(R"("stop":")" + std::string(257, 'x') + "\""), "stop");
}

TEST(chat_request, max_response_chars_only_lowers_the_cap) {
  EXPECT_EQ(with(R"("max_response_chars":1)")->max_response_chars, 1u);
  for (const auto* high :
       {"4001", "1e9", "18446744073709551615", "99999999999999999999999"})
    EXPECT_EQ(
      with(R"("max_response_chars":)" + std::string{high})->max_response_chars,
      4000u)
      << high;
  for (const auto* bad : {"0", "-1", "1.5", "\"5\"", "[]", "true"})
    expect_refused(with(R"("max_response_chars":)" + std::string{bad}),
                   "max_response_chars");
}

TEST(chat_request, the_policy_has_three_forms) {
  using kind = disconnect_policy::kind_t;
  const auto cancel = with(R"("on_disconnect":"cancel")");
  EXPECT_EQ(cancel->on_disconnect.kind, kind::cancel);
  EXPECT_EQ(cancel->on_disconnect.first_reader_grace, 20s);
  const auto after = with(R"("on_disconnect":{"cancel_after_ms":1500})");
  EXPECT_EQ(after->on_disconnect.kind, kind::cancel_after);
  EXPECT_EQ(after->on_disconnect.grace, 1500ms);
  EXPECT_EQ(after->on_disconnect.first_reader_grace, 1500ms);
  EXPECT_EQ(
    with(R"("on_disconnect":{"cancel_after_ms":0})")->on_disconnect.grace, 0ms);
  for (const auto* bad :
       {R"("stop")", R"({})", R"({"cancel_after_ms":-1})",
        R"({"cancel_after_ms":1.5})", R"({"cancel_after_ms":"1"})",
        R"({"cancel_after_ms":null})", R"({"cancel_after_ms":1,"x":2})",
        R"({"cancel_after_ms":1e300})", "true", "5", "[]"})
    expect_refused(with(R"("on_disconnect":)" + std::string{bad}),
                   "on_disconnect");
}

TEST(chat_request, a_conversation_id_that_can_be_none_is_not_found) {
  for (const auto* bad : {"", "conv_", "x", "strm_01jd7v0c0p00001abcdefghjkm"})
    expect_refused(with(R"("conversation_id":")" + std::string{bad} + "\""),
                   "conversation_id", errc::conversation_not_found);
}

TEST(chat_request, a_system_prompt_is_only_for_a_new_conversation) {
  EXPECT_EQ(with(R"("system_prompt":"be brief")")->system_prompt, "be brief");
  expect_refused(
    with(R"("system_prompt":"x","conversation_id":")" + conversation + "\""),
    "system_prompt");
  EXPECT_TRUE(
    with(R"("system_prompt":null,"conversation_id":")" + conversation + "\""));
}

TEST(chat_request, metadata_is_sixteen_pairs_of_strings) {
  const auto pairs = [](int count) {
    std::string text;
    for (int i = 0; i < count; ++i)
      text += (i > 0 ? "," : "") + ("\"k" + std::to_string(i) + "\":\"v\"");
    return R"("metadata":{)" + text + "}";
  };
  EXPECT_EQ(with(pairs(16))->metadata.size(), 16u);
  expect_refused(with(pairs(17)), "metadata");
  expect_refused(with(R"("metadata":{"k":1})"), "metadata");
  expect_refused(with(R"("metadata":{"k":null})"), "metadata");
  expect_refused(with(R"("metadata":["k"])"), "metadata");
  expect_refused(with(R"("metadata":{")" + std::string(65, 'k') + R"(":"v"})"),
                 "metadata");
  expect_refused(with(R"("metadata":{"k":")" + std::string(513, 'v') + "\"}"),
                 "metadata");
}

TEST(chat_request, equal_bodies_have_equal_digests) {
  const auto one = parse(R"({"message":"hi","max_tokens":5})");
  const auto other = parse(R"({ "max_tokens": 5.0, "message": "\u0068i" })");
  const auto third = parse(R"({"message":"hi","max_tokens":6})");
  EXPECT_EQ(one->body_digest, other->body_digest);
  EXPECT_NE(one->body_digest, third->body_digest);
}

} // namespace
} // namespace parley::wire
