#include "chat/errc.hpp"

#include <set>
#include <string_view>

#include <gtest/gtest.h>

namespace parley {
namespace {

errc nth(int value) {
  return static_cast<errc>(value);
}

constexpr int last = static_cast<int>(errc::last);

TEST(errc, every_code_has_a_text_of_its_own_that_leads_back) {
  std::set<std::string_view> texts;
  for (int i = 1; i <= last; ++i) {
    const auto text = to_string(nth(i));
    EXPECT_TRUE(texts.insert(text).second) << text;
    EXPECT_EQ(errc_from_string(text), nth(i)) << text;
    EXPECT_FALSE(info(nth(i)).title.empty()) << text;
    EXPECT_GE(info(nth(i)).http_status, 400) << text;
  }
}

TEST(errc, has_the_statuses_that_clients_are_promised) {
  EXPECT_EQ(info(errc::invalid_request).http_status, 400);
  EXPECT_EQ(info(errc::message_too_long).http_status, 400);
  EXPECT_EQ(info(errc::method_not_allowed).http_status, 405);
  EXPECT_EQ(info(errc::request_timeout).http_status, 408);
  EXPECT_EQ(info(errc::conversation_busy).http_status, 409);
  EXPECT_EQ(info(errc::stream_expired).http_status, 410);
  EXPECT_EQ(info(errc::idempotency_key_reused).http_status, 422);
  EXPECT_EQ(info(errc::too_many_requests).http_status, 429);
  EXPECT_EQ(info(errc::header_too_large).http_status, 431);
  EXPECT_EQ(info(errc::storage_failed).http_status, 503);
  EXPECT_EQ(info(errc::upstream_timeout).http_status, 504);
  EXPECT_EQ(info(errc::upstream_failed).http_status, 502);
}

TEST(errc, tells_which_failures_a_retry_can_help) {
  EXPECT_TRUE(info(errc::upstream_unreachable).retryable);
  EXPECT_TRUE(info(errc::interrupted).retryable);
  EXPECT_TRUE(info(errc::node_lost).retryable);
  EXPECT_FALSE(info(errc::upstream_rejected).retryable);
  EXPECT_FALSE(info(errc::invalid_request).retryable);
}

TEST(errc, an_unknown_text_names_no_code) {
  EXPECT_EQ(errc_from_string("no_such_code"), errc::none);
  errc code = errc::internal;
  EXPECT_FALSE(from_string("no_such_code", code));
  EXPECT_EQ(code, errc::internal);
}

TEST(errc, an_integer_above_the_last_code_does_not_load) {
  errc code = errc::internal;
  EXPECT_FALSE(from_integer(static_cast<std::uint8_t>(last + 1), code));
  EXPECT_TRUE(from_integer(static_cast<std::uint8_t>(last), code));
  EXPECT_EQ(code, errc::last);
}

} // namespace
} // namespace parley
