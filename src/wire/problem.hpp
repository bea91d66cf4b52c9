// Errors as answers: RFC 9457's problem documents, and OpenAI's shape for the
// routes under /v1. HTTP status and title come from chat/errc.hpp.
#pragma once

#include <string>
#include <string_view>

#include "chat/result.hpp"

namespace parley::wire {

inline constexpr std::string_view problem_content_type =
  "application/problem+json";

// {"type","title","status","detail","code","request_id"}, and where they are
// known `field`, `active_stream_id` (conversation_busy), `message_id`
// (stream_expired). `type` is urn:parley:problem:<code>.
[[nodiscard]] std::string encode_problem(const error& what,
                                         std::string_view request_id);

// {"error":{"message","type","param","code"}}. `type` is OpenAI's word for the
// HTTP status: invalid_request_error, authentication_error, permission_error,
// not_found_error, rate_limit_error, server_error.
[[nodiscard]] std::string encode_openai_error(const error& what);

} // namespace parley::wire
