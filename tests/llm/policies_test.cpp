#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "llm/prompt_builder.hpp"
#include "llm/retry_policy.hpp"
#include "llm/upstream_failure.hpp"
#include "llm/url.hpp"

namespace parley::llm {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

message said(role who, std::string content,
             message_status status = message_status::complete) {
  message made;
  made.role = who;
  made.content = std::move(content);
  made.status = status;
  return made;
}

std::string joined(const std::vector<prompt_message>& messages) {
  std::string result;
  for (const auto& one : messages)
    result +=
      std::string{to_string(one.role).substr(0, 1)} + ':' + one.content + ' ';
  return result;
}

config::settings retrying() {
  config::settings made;
  made.llm.max_attempts = 4;
  made.llm.retry_base_delay = milliseconds{100};
  made.llm.retry_max_delay = milliseconds{300};
  made.llm.retry_budget = milliseconds{10'000};
  return made;
}

failed_attempt attempt(std::uint32_t number,
                       errc code = errc::upstream_unreachable, int status = 0) {
  failed_attempt made;
  made.number = number;
  made.why.code = code;
  made.http_status = status;
  return made;
}

} // namespace

// -- prompt_builder ----------------------------------------------------------

TEST(prompt_builder, sends_system_prompt_history_and_message_in_order) {
  const std::vector<message> history{said(role::user, "one"),
                                     said(role::assistant, "two")};
  EXPECT_EQ(joined(build_messages("be kind", history, "three", 100)),
            "s:be kind u:one a:two u:three ");
  EXPECT_EQ(joined(build_messages("", {}, "only", 100)), "u:only ");
}

TEST(prompt_builder, keeps_the_newest_whole_messages_within_the_limit) {
  const std::vector<message> history{
    said(role::user, "aaaa"), said(role::assistant, "bbbb"),
    said(role::user, "cccc"), said(role::assistant, "dddd")};
  EXPECT_EQ(joined(build_messages("", history, "eeee", 20)),
            "u:aaaa a:bbbb u:cccc a:dddd u:eeee ");
  EXPECT_EQ(joined(build_messages("", history, "eeee", 19)),
            "u:cccc a:dddd u:eeee ");
  EXPECT_EQ(joined(build_messages("", history, "eeee", 12)),
            "u:cccc a:dddd u:eeee ");
  // The answer alone would fit, but not its question.
  EXPECT_EQ(joined(build_messages("", history, "eeee", 11)), "u:eeee ");
}

TEST(prompt_builder, always_sends_system_prompt_and_new_message) {
  const std::vector<message> history{said(role::user, "a")};
  EXPECT_EQ(joined(build_messages("system", history, "message", 0)),
            "s:system u:message ");
}

TEST(prompt_builder, counts_code_points_not_bytes) {
  const std::vector<message> history{said(role::user, "\u00e4\u00f6\u00fc")};
  EXPECT_EQ(build_messages("", history, "\U0001F600", 4).size(), 2u);
  EXPECT_EQ(build_messages("", history, "\U0001F600", 3).size(), 1u);
}

TEST(prompt_builder, keeps_partial_answers_and_drops_empty_ones) {
  const std::vector<message> history{
    said(role::user, "q1"),
    said(role::assistant, "half", message_status::failed),
    said(role::user, "q2"),
    said(role::assistant, "", message_status::cancelled),
    said(role::user, "q3"),
    said(role::assistant, "part", message_status::interrupted)};
  EXPECT_EQ(joined(build_messages("", history, "q4", 100)),
            "u:q1 a:half u:q2 u:q3 a:part u:q4 ");
}

TEST(prompt_builder, an_imported_history_may_begin_with_an_answer) {
  const std::vector<message> history{said(role::assistant, "Hi"),
                                     said(role::user, "q")};
  EXPECT_EQ(joined(build_messages("", history, "r", 100)), "a:Hi u:q u:r ");
}

// -- retry_policy ------------------------------------------------------------

TEST(retry_policy, backs_off_exponentially_with_full_jitter) {
  const auto settings = retrying();
  EXPECT_EQ(retry_delay(attempt(1), settings, 0.0), milliseconds{0});
  EXPECT_EQ(retry_delay(attempt(1), settings, 0.5), milliseconds{50});
  EXPECT_EQ(retry_delay(attempt(2), settings, 0.5), milliseconds{100});
  EXPECT_EQ(retry_delay(attempt(3), settings, 0.5), milliseconds{150});
}

TEST(retry_policy, gives_up_after_the_last_attempt) {
  EXPECT_EQ(retry_delay(attempt(4), retrying(), 0.5), std::nullopt);
  auto once = retrying();
  once.llm.max_attempts = 1;
  EXPECT_EQ(retry_delay(attempt(1), once, 0.5), std::nullopt);
}

TEST(retry_policy, survives_absurd_settings) {
  auto settings = retrying();
  settings.llm.max_attempts = 4'000'000'000u;
  settings.llm.retry_max_delay = milliseconds{INT64_MAX / 2'000'000};
  settings.llm.retry_budget = settings.llm.retry_max_delay;
  EXPECT_TRUE(retry_delay(attempt(3'000'000'000u), settings, 0.999));
}

TEST(retry_policy, waits_at_least_as_long_as_the_upstream_asks) {
  auto limited = attempt(1, errc::upstream_rate_limited, 429);
  limited.why.retry_after = seconds{2};
  EXPECT_EQ(retry_delay(limited, retrying(), 0.5), seconds{2});
  limited.why.retry_after = milliseconds{10};
  EXPECT_EQ(retry_delay(limited, retrying(), 0.5), milliseconds{50});
}

TEST(retry_policy, gives_up_when_the_wait_would_outlast_the_budget) {
  auto limited = attempt(1, errc::upstream_rate_limited, 429);
  limited.why.retry_after = seconds{10};
  EXPECT_EQ(retry_delay(limited, retrying(), 0), seconds{10});
  limited.elapsed = milliseconds{1};
  EXPECT_EQ(retry_delay(limited, retrying(), 0), std::nullopt);
  auto late = attempt(1);
  late.elapsed = milliseconds{10'000};
  EXPECT_EQ(retry_delay(late, retrying(), 0), std::nullopt);
}

TEST(retry_policy, knows_what_may_go_better_next_time) {
  const auto retried = [](errc code, int status) {
    return retry_delay(attempt(1, code, status), retrying(), 0).has_value();
  };
  EXPECT_TRUE(retried(errc::upstream_unreachable, 0));
  EXPECT_TRUE(retried(errc::upstream_timeout, 0));
  EXPECT_TRUE(retried(errc::upstream_timeout, 408));
  EXPECT_TRUE(retried(errc::upstream_rejected, 408));
  EXPECT_TRUE(retried(errc::upstream_rate_limited, 429));
  EXPECT_TRUE(retried(errc::upstream_failed, 500));
  EXPECT_TRUE(retried(errc::upstream_failed, 503));
  EXPECT_TRUE(retried(errc::upstream_interrupted, 0));
  EXPECT_FALSE(retried(errc::upstream_rejected, 400));
  EXPECT_FALSE(retried(errc::upstream_rejected, 302));
  EXPECT_FALSE(retried(errc::upstream_protocol, 200));
  EXPECT_FALSE(retried(errc::internal, 0));
}

// -- url ---------------------------------------------------------------------

TEST(base_url, takes_the_usual_ones) {
  EXPECT_EQ(parse_base_url("http://127.0.0.1:11434/v1"),
            (url{false, "127.0.0.1", 11434, "/v1"}));
  EXPECT_EQ(parse_base_url("HTTPS://API.OpenAI.com/v1//"),
            (url{true, "api.openai.com", 443, "/v1"}));
  EXPECT_EQ(parse_base_url("http://[::1]:80"), (url{false, "::1", 80, ""}));
  EXPECT_EQ(parse_base_url("http://localhost/"),
            (url{false, "localhost", 80, ""}));
}

TEST(base_url, prints_the_host_header) {
  EXPECT_EQ(parse_base_url("http://a:80")->authority(), "a");
  EXPECT_EQ(parse_base_url("https://a:80")->authority(), "a:80");
  EXPECT_EQ(parse_base_url("http://[::1]:81")->authority(), "[::1]:81");
}

TEST(base_url, refuses_what_is_none_and_names_the_option) {
  for (const auto* text :
       {"", "localhost:80", "ftp://a", "http://", "http://:80", "http://a:0",
        "http://a:65536", "http://a:", "http://a:8x", "http://a b",
        "http://a\r\nX: y", "http://user:key@a", "http://a/?x=1", "http://a#b",
        "http://[::1", "http://[::1]x", "http://\xc3\xa4.de", "http://a,b"}) {
    const auto parsed = parse_base_url(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().field, "llm.base-url");
  }
}

// -- Retry-After and refusals ------------------------------------------------

TEST(retry_after, reads_seconds_and_dates) {
  const auto now = std::chrono::sys_days{std::chrono::year{1994} / 11 / 6}
                   + std::chrono::hours{8};
  const auto read = [now](std::string_view value, std::string_view date) {
    return parse_retry_after(value, date, now);
  };
  EXPECT_EQ(read("", ""), std::nullopt);
  EXPECT_EQ(read("0", ""), milliseconds{0});
  EXPECT_EQ(read("120", ""), seconds{120});
  EXPECT_EQ(read("99999999999999999999999", ""), max_retry_after);
  EXPECT_EQ(read("-1", ""), std::nullopt);
  EXPECT_EQ(read("1.5", ""), std::nullopt);
  EXPECT_EQ(read("soon", ""), std::nullopt);
  EXPECT_EQ(read("Sun, 06 Nov 1994 08:00:05 GMT", ""), seconds{5});
  EXPECT_EQ(read("Sun, 06 Nov 1994 07:00:05 GMT", ""), seconds{0});
  // The upstream's clock may be anywhere: its own date counts.
  EXPECT_EQ(
    read("Mon, 07 Nov 2022 10:00:30 GMT", "Mon, 07 Nov 2022 10:00:00 GMT"),
    seconds{30});
}

TEST(http_date, refuses_dates_that_do_not_exist) {
  EXPECT_TRUE(parse_http_date("Thu, 29 Feb 2024 23:59:60 GMT"));
  for (const auto* text :
       {"", "Sun, 31 Feb 2024 00:00:00 GMT", "Sun, 06 Nov 1994 24:00:00 GMT",
        "Sun, 06 Foo 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 CET",
        "Sunday, 06-Nov-94 08:49:37 GMT", "Sun, -6 Nov 1994 08:49:37 GMT"})
    EXPECT_FALSE(parse_http_date(text)) << text;
}

TEST(upstream_failure, maps_each_status_to_its_code) {
  const auto code = [](int status) {
    response_head head;
    head.status = status;
    const auto made = failure_of(head, "", {});
    EXPECT_EQ(made.http_status, status);
    EXPECT_FALSE(made.why.detail.empty());
    return made.why.code;
  };
  EXPECT_EQ(code(301), errc::upstream_rejected);
  EXPECT_EQ(code(400), errc::upstream_rejected);
  EXPECT_EQ(code(401), errc::upstream_rejected);
  EXPECT_EQ(code(404), errc::upstream_rejected);
  EXPECT_EQ(code(408), errc::upstream_rejected);
  EXPECT_EQ(code(429), errc::upstream_rate_limited);
  EXPECT_EQ(code(500), errc::upstream_failed);
  EXPECT_EQ(code(503), errc::upstream_failed);
  EXPECT_EQ(code(599), errc::upstream_failed);
}

TEST(upstream_failure, never_says_the_secret) {
  std::string text = "key abc is wrong, abcabc";
  mask_secret(text, "abc");
  EXPECT_EQ(text, "key *** is wrong, ******");
  mask_secret(text, "");
  mask_secret(text, "*");
}

} // namespace parley::llm
