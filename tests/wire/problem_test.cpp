#include "wire/problem.hpp"

#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace parley::wire {
namespace {

using nlohmann::json;

error make(errc code, std::string detail, std::string field = {},
           std::string reference = {}) {
  return {code, std::move(detail), std::move(field), std::move(reference),
          std::nullopt};
}

TEST(problem, has_the_members_of_rfc_9457_and_ours) {
  EXPECT_EQ(encode_problem(make(errc::stream_not_found, "No stream x."), "r1"),
            R"({"type":"urn:parley:problem:stream_not_found",)"
            R"("title":"Stream not found","status":404,)"
            R"("detail":"No stream x.","code":"stream_not_found",)"
            R"("request_id":"r1"})");
}

TEST(problem, names_the_field_at_fault) {
  const auto tree = json::parse(
    encode_problem(make(errc::invalid_request, "bad", "top_p"), "r"));
  EXPECT_EQ(tree["field"], "top_p");
}

TEST(problem, gives_the_id_that_helps_under_its_own_name) {
  const auto busy = json::parse(
    encode_problem(make(errc::conversation_busy, "", "", "strm_1"), "r"));
  EXPECT_EQ(busy["active_stream_id"], "strm_1");
  EXPECT_EQ(busy["status"], 409);
  EXPECT_EQ(busy["detail"], "Conversation busy") << "never empty";
  const auto gone = json::parse(
    encode_problem(make(errc::stream_expired, "", "", "msg_1"), "r"));
  EXPECT_EQ(gone["message_id"], "msg_1");
  EXPECT_FALSE(gone.contains("active_stream_id"));
}

TEST(openai_error, has_openais_shape) {
  EXPECT_EQ(
    encode_openai_error(make(errc::invalid_request, "n must be 1", "n")),
    R"({"error":{"message":"n must be 1",)"
    R"("type":"invalid_request_error","param":"n",)"
    R"("code":"invalid_request"}})");
}

TEST(openai_error, has_openais_word_for_each_status) {
  const auto type_of = [](errc code) {
    return json::parse(encode_openai_error(make(code, "x")))["error"]["type"];
  };
  EXPECT_EQ(type_of(errc::unauthorized), "authentication_error");
  EXPECT_EQ(type_of(errc::forbidden), "permission_error");
  EXPECT_EQ(type_of(errc::model_not_found), "not_found_error");
  EXPECT_EQ(type_of(errc::too_many_requests), "rate_limit_error");
  EXPECT_EQ(type_of(errc::upstream_failed), "server_error");
  EXPECT_EQ(type_of(errc::method_not_allowed), "invalid_request_error");
}

} // namespace
} // namespace parley::wire
