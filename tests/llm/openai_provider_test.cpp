// What the provider makes of an upstream's answers.
#include "llm/openai_provider.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "llm/completion_call.hpp"
#include "tests/llm/openai_fixture.hpp"

namespace parley::llm {

namespace {

using namespace test;
using testing::HasSubstr;
using testing::Not;

using openai = openai_fixture;

const std::string hello =
  chunked_stream({content_event("Hel"), content_event("lo"), finish_event(),
                  done_event_frame()});

nlohmann::json body_of(const std::string& request) {
  return nlohmann::json::parse(request.substr(request.find("\r\n\r\n") + 4));
}

} // namespace

// -- the request -------------------------------------------------------------

TEST_F(openai, sends_a_well_formed_request) {
  settings.llm.api_key.value = "sk-secret";
  ask(hello);
  ASSERT_EQ(server.request_count(), 1u);
  const auto& request = last_peer().requests[0];
  EXPECT_THAT(request,
              testing::StartsWith("POST /v1/chat/completions HTTP/1.1\r\nHost: "
                                  "127.0.0.1:"
                                  + std::to_string(server.port())));
  EXPECT_THAT(request, HasSubstr("\r\nAuthorization: Bearer sk-secret\r\n"));
  EXPECT_THAT(request, HasSubstr("\r\nContent-Type: application/json\r\n"));
  const auto body = body_of(request);
  EXPECT_EQ(body["model"], "some-model");
  EXPECT_EQ(body["stream"], true);
  EXPECT_EQ(body["messages"][0]["content"], "Hi");
}

TEST_F(openai, sends_no_authorization_without_a_key) {
  ask(hello);
  EXPECT_THAT(last_peer().received, Not(HasSubstr("Authorization")));
}

TEST_F(openai, sends_a_prompt_that_fills_every_buffer) {
  make_model();
  answer_with(hello);
  ear made;
  auto what = asked(std::string(8'000'000, 'x'));
  const auto run = model->start(std::move(what), loop, made.function());
  run_until(loop, [&made] { return made.ended(); });
  EXPECT_EQ(made.content, "Hello");
  EXPECT_GT(last_peer().received.size(), 8'000'000u);
}

TEST(openai_settings, a_key_that_would_be_a_header_of_its_own_is_refused) {
  for (const auto* key :
       {"key\r\nX: y", "key\n", "key 1", "key\x01", "\xc3\xa4"}) {
    config::settings settings;
    settings.llm.base_url = "http://localhost";
    settings.llm.api_key.value = key;
    const auto made = openai_provider::make(settings);
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().field, "llm.api-key-file");
    EXPECT_THAT(made.error().detail, Not(HasSubstr(key)));
  }
}

// -- answers -----------------------------------------------------------------

TEST_F(openai, reports_connected_then_deltas_then_the_end) {
  const auto made = ask(hello);
  ASSERT_GE(made.reports.size(), 3u);
  EXPECT_TRUE(std::holds_alternative<connected>(made.reports.front()));
  EXPECT_TRUE(std::holds_alternative<finished>(made.reports.back()));
  EXPECT_EQ(made.connects, 1);
  EXPECT_EQ(made.content, "Hello");
  EXPECT_EQ(made.finish->reason, finish_reason::stop);
  EXPECT_FALSE(made.finish->used);
}

TEST_F(openai, one_read_is_one_report_with_neighbours_joined) {
  const auto made = ask(hello);
  ASSERT_EQ(made.reports.size(), 3u);
  EXPECT_EQ(std::get<deltas>(made.reports[1]).items.size(), 1u);
}

TEST_F(openai, tells_reasoning_content_tool_calls_and_usage) {
  const auto made = ask(chunked_stream(
    {"data: {\"choices\":[{\"delta\":{\"reasoning_content\":\"hm\"}}]}\n\n",
     content_event("ok"),
     "data: {\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":0,\"id\":"
     "\"c1\",\"function\":{\"name\":\"f\",\"arguments\":\"{\"}}]}}]}\n\n",
     "data: {\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":0,"
     "\"function\":{\"arguments\":\"}\"}}]}}]}\n\n",
     finish_event("tool_calls"),
     "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":3,"
     "\"completion_tokens\":4}}\n\n",
     done_event_frame()}));
  EXPECT_EQ(made.reasoning, "hm");
  EXPECT_EQ(made.content, "ok");
  ASSERT_EQ(made.tool_calls.size(), 2u);
  EXPECT_EQ(made.tool_calls[0].name, "f");
  EXPECT_EQ(made.tool_calls[0].arguments + made.tool_calls[1].arguments, "{}");
  EXPECT_EQ(made.finish->reason, finish_reason::tool_calls);
  ASSERT_TRUE(made.finish->used);
  EXPECT_EQ(made.finish->used->prompt_tokens, 3u);
  EXPECT_EQ(made.finish->used->completion_tokens, 4u);
  EXPECT_FALSE(made.finish->used->estimated);
}

TEST_F(openai, reads_an_answer_that_comes_byte_by_byte) {
  ear made;
  const auto run = start(made);
  run_until(loop, [this] { return server.request_count() == 1; });
  for (const char c : hello) {
    last_peer().send(std::string(1, c));
    run_ready(loop);
  }
  EXPECT_EQ(made.content, "Hello");
  EXPECT_EQ(made.ends, 1);
  EXPECT_TRUE(made.finish);
}

TEST_F(openai, every_cut_gives_exactly_one_end) {
  for (std::size_t at = 0; at < hello.size(); ++at) {
    const auto made = ask(hello.substr(0, at), true);
    const auto finish_at = hello.find("\"stop\"") + 10;
    if (made.failure) {
      EXPECT_EQ(made.failure->why.code, errc::upstream_interrupted) << at;
      EXPECT_LE(at, finish_at) << "the finish reason had come";
    } else {
      EXPECT_EQ(made.content, "Hello") << at;
    }
  }
}

TEST_F(openai, every_reset_gives_exactly_one_end) {
  for (std::size_t at = 0; at < hello.size(); at += 7) {
    ear made;
    const auto run = start(made);
    const auto before = server.request_count();
    run_until(loop, [this, before] { return server.request_count() > before; });
    last_peer().send(hello.substr(0, at));
    run_ready(loop);
    last_peer().reset();
    run_until(loop, [&made] { return made.ended(); });
    EXPECT_EQ(made.ends, 1);
  }
}

TEST_F(openai, a_cut_before_the_head_says_so) {
  const auto made = ask("", true);
  ASSERT_TRUE(made.failure);
  EXPECT_EQ(made.failure->why.code, errc::upstream_interrupted);
  EXPECT_EQ(made.failure->http_status, 0);
}

TEST_F(openai, an_end_without_reason_and_marker_is_an_interruption) {
  const auto made = ask(chunked_stream({content_event("half")}));
  EXPECT_EQ(made.content, "half");
  ASSERT_TRUE(made.failure);
  EXPECT_EQ(made.failure->why.code, errc::upstream_interrupted);
}

TEST_F(openai, the_marker_alone_is_a_normal_end) {
  const auto made =
    ask(chunked_stream({content_event("all"), done_event_frame()}));
  EXPECT_EQ(made.content, "all");
  ASSERT_TRUE(made.finish);
  EXPECT_EQ(made.finish->reason, finish_reason::stop);
}

TEST_F(openai, the_reason_alone_is_a_normal_end) {
  const auto made =
    ask(chunked_stream({content_event("all"), finish_event("length")}));
  ASSERT_TRUE(made.finish);
  EXPECT_EQ(made.finish->reason, finish_reason::length);
}

TEST_F(openai, a_body_may_end_with_the_connection) {
  const auto made =
    ask("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"
          + content_event("a") + content_event("b") + finish_event()
          + done_event_frame(),
        true);
  EXPECT_EQ(made.content, "ab");
  EXPECT_TRUE(made.finish);
}

TEST_F(openai, a_stream_may_have_a_content_length) {
  const auto made =
    ask(response(200, content_event("x") + finish_event() + "data: [DONE]\n\n",
                 "text/event-stream"));
  EXPECT_EQ(made.content, "x");
  EXPECT_TRUE(made.finish);
}

TEST_F(openai, takes_a_whole_completion_where_a_stream_was_asked_for) {
  const auto made = ask(response(
    200, R"({"choices":[{"message":{"role":"assistant","content":"whole"},)"
         R"("finish_reason":"length"}],)"
         R"("usage":{"prompt_tokens":1,"completion_tokens":2}})"));
  EXPECT_EQ(made.content, "whole");
  ASSERT_TRUE(made.finish);
  EXPECT_EQ(made.finish->reason, finish_reason::length);
  EXPECT_EQ(made.finish->used->completion_tokens, 2u);
}

TEST_F(openai, a_token_of_64_kilobytes_is_a_token) {
  const std::string large(64 * 1024, 'x');
  const auto made = ask(
    chunked_stream({content_event(large), content_event("."), finish_event()}));
  EXPECT_EQ(made.content, large + '.');
  EXPECT_TRUE(made.finish);
}

TEST_F(openai, deltas_are_valid_utf8_whatever_comes) {
  const auto made = ask(chunked_stream(
    {content_event("\xf0\x9f\x98\x80 \xc3"), content_event("\xa4 \\ud83d"),
     content_event("\\ude00\xff"), finish_event()}));
  ASSERT_TRUE(made.finish);
  EXPECT_TRUE(made.all_text_is_valid());
  EXPECT_THAT(made.content, testing::StartsWith("\xf0\x9f\x98\x80 "));
}

TEST_F(openai, an_upstream_that_forgets_to_end_has_answered_nevertheless) {
  ear made;
  const auto run = start(made);
  answer_with(stream_head() + chunk(content_event("x") + finish_event()));
  run_until(loop, [&made] { return made.ended(); });
  EXPECT_TRUE(made.finish);
  EXPECT_EQ(made.content, "x");
}

TEST_F(openai, skips_interim_responses) {
  const auto made = ask("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + hello);
  EXPECT_EQ(made.content, "Hello");
}

// -- refusals ----------------------------------------------------------------

TEST_F(openai, tells_what_the_upstream_refused_and_why) {
  const auto made =
    ask(response(404, R"({"error":{"message":"no model some-model"}})"));
  ASSERT_TRUE(made.failure);
  EXPECT_EQ(made.failure->why.code, errc::upstream_rejected);
  EXPECT_EQ(made.failure->http_status, 404);
  EXPECT_THAT(made.failure->why.detail, HasSubstr("no model some-model"));
}

TEST_F(openai, passes_on_when_to_come_back) {
  const auto made =
    ask(response(429, "{}", "application/json", "Retry-After: 7\r\n"));
  ASSERT_TRUE(made.failure);
  EXPECT_EQ(made.failure->why.code, errc::upstream_rate_limited);
  EXPECT_EQ(made.failure->why.retry_after, std::chrono::seconds{7});
  EXPECT_EQ(ask(response(503, "", "text/plain", "Retry-After: 3\r\n"))
              .failure->why.retry_after,
            std::chrono::seconds{3});
}

TEST_F(openai, follows_no_redirect) {
  const auto made = ask(
    response(302, "", "text/html", "Location: " + server.base_url() + "\r\n"));
  ASSERT_TRUE(made.failure);
  EXPECT_EQ(made.failure->why.code, errc::upstream_rejected);
  EXPECT_EQ(server.request_count(), 1u);
}

TEST_F(openai, never_tells_the_key_that_the_upstream_says_back) {
  settings.llm.api_key.value = "sk-secret-1234";
  const auto made = ask(response(
    401, R"({"error":{"message":"Incorrect API key sk-secret-1234 given"}})"));
  ASSERT_TRUE(made.failure);
  EXPECT_THAT(made.failure->why.detail, Not(HasSubstr("sk-secret-1234")));
  EXPECT_THAT(made.failure->why.detail, HasSubstr("Incorrect API key"));
}

TEST_F(openai, a_refusal_with_an_endless_body_is_a_refusal) {
  answer_with("HTTP/1.1 500 Oops\r\n\r\n" + std::string(200'000, 'x'));
  const auto made = ask();
  ASSERT_TRUE(made.failure);
  EXPECT_EQ(made.failure->http_status, 500);
}

TEST_F(openai, a_refusal_whose_body_stalls_is_a_refusal) {
  answer_with("HTTP/1.1 500 Oops\r\nContent-Length: 100\r\n\r\nhalf");
  const auto made = ask();
  ASSERT_TRUE(made.failure);
  EXPECT_EQ(made.failure->http_status, 500);
}

TEST_F(openai, an_error_inside_the_stream_comes_after_what_was_said) {
  const auto made =
    ask(chunked_stream({content_event("so far"),
                        "data: {\"error\":{\"message\":\"GPU lost\"}}\n\n",
                        content_event("never")}));
  EXPECT_EQ(made.content, "so far");
  ASSERT_TRUE(made.failure);
  EXPECT_EQ(made.failure->why.code, errc::upstream_failed);
  EXPECT_THAT(made.failure->why.detail, HasSubstr("GPU lost"));
}

TEST_F(openai, an_event_that_is_named_error_is_one) {
  const auto made = ask(chunked_stream(
    {"data: \n\n: ping\n\n", content_event("so far"),
     "event: error\ndata: {\"message\":\"out of memory\"}\n\n"}));
  EXPECT_EQ(made.content, "so far");
  ASSERT_TRUE(made.failure);
  EXPECT_EQ(made.failure->why.code, errc::upstream_failed);
  EXPECT_THAT(made.failure->why.detail, HasSubstr("out of memory"));
}

// -- nonsense ----------------------------------------------------------------

TEST_F(openai, bytes_that_are_no_http_are_a_protocol_error) {
  for (const auto* bytes :
       {"garbage", "SSH-2.0-OpenSSH\r\n", "HTTP/1.1 200 OK\r\nA b\r\n\r\n"}) {
    const auto made = ask(bytes);
    ASSERT_TRUE(made.failure) << bytes;
    EXPECT_EQ(made.failure->why.code, errc::upstream_protocol) << bytes;
  }
}

TEST_F(openai, events_that_are_no_chunks_are_a_protocol_error) {
  for (const auto* event : {"data: garbage\n\n", "data: [1]\n\n",
                            "data: {\"choices\":7}\n\n", "no event at all\n"}) {
    const auto made = ask(chunked_stream({event}));
    ASSERT_TRUE(made.failure) << event;
    EXPECT_EQ(made.failure->why.code, errc::upstream_protocol) << event;
  }
}

TEST_F(openai, a_web_page_is_a_protocol_error) {
  const auto made = ask(response(200, "<html></html>", "text/html"));
  ASSERT_TRUE(made.failure);
  EXPECT_EQ(made.failure->why.code, errc::upstream_protocol);
  EXPECT_THAT(made.failure->why.detail, HasSubstr("llm.base-url"));
}

TEST_F(openai, an_event_without_end_is_a_protocol_error) {
  const auto made =
    ask(stream_head()
        + chunk("data: " + std::string(completion_call::max_event_bytes, 'x')));
  ASSERT_TRUE(made.failure);
  EXPECT_EQ(made.failure->why.code, errc::upstream_protocol);
}

TEST_F(openai, an_empty_200_is_an_interruption_and_a_broken_one_no_answer) {
  EXPECT_EQ(ask(response(200, "", "text/event-stream")).failure->why.code,
            errc::upstream_interrupted);
  EXPECT_EQ(ask(response(200, "{", "application/json")).failure->why.code,
            errc::upstream_protocol);
}

// -- models ------------------------------------------------------------------

TEST_F(openai, lists_the_upstream_s_models) {
  make_model();
  answer_with(response(
    200, R"({"object":"list","data":[{"id":"m1","created":5,"owned_by":"me"},)"
         R"({"id":"m2"}]})"));
  std::optional<result<std::vector<model_info>>> answer;
  model->list_models(loop, [&answer](auto models) {
    ASSERT_FALSE(answer);
    answer = std::move(models);
  });
  run_until(loop, [&answer] { return answer.has_value(); });
  ASSERT_TRUE(*answer);
  ASSERT_EQ((*answer)->size(), 2u);
  EXPECT_EQ((**answer)[0].id, "m1");
  EXPECT_EQ((**answer)[0].created, 5);
  EXPECT_THAT(last_peer().received,
              testing::StartsWith("GET /v1/models HTTP/1.1\r\n"));
}

TEST_F(openai, says_why_models_cannot_be_listed) {
  settings.llm.connect_timeout = std::chrono::milliseconds{1};
  settings.llm.first_token_timeout = std::chrono::milliseconds{20};
  make_model();
  const auto code_for = [this](std::string bytes, bool then_close) {
    answer_with(std::move(bytes), then_close);
    std::optional<errc> code;
    model->list_models(loop, [&code](const auto& models) {
      code = models ? errc::none : models.error().code;
    });
    run_until(loop, [&code] { return code.has_value(); });
    return *code;
  };
  EXPECT_EQ(code_for(response(401, "{}"), false), errc::upstream_rejected);
  EXPECT_EQ(code_for(response(500, ""), false), errc::upstream_failed);
  EXPECT_EQ(code_for(response(200, "x"), false), errc::upstream_protocol);
  EXPECT_EQ(code_for("HTTP/1.1 200 OK\r\n", true), errc::upstream_interrupted);
  EXPECT_EQ(code_for("", false), errc::upstream_timeout);
}

} // namespace parley::llm
