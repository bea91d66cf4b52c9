// An answer that says no, before it takes its shape: a problem document, or
// OpenAI's error object for the routes under /v1.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "chat/result.hpp"
#include "http/exchange.hpp"

namespace parley::http {

struct refusal {
  error what;
  // HTTP's own statuses have no errc (501, 505, 417); 0: that of the code.
  int status = 0;
  std::vector<std::pair<std::string, std::string>> headers;
};

enum class error_shape : std::uint8_t { problem, openai };

// By the path of the request, decoded or not.
[[nodiscard]] error_shape error_shape_for(std::string_view path) noexcept;

[[nodiscard]] response to_response(const refusal& what, error_shape shape,
                                   std::string_view request_id);

// `400 malformed_http` with a sentence.
[[nodiscard]] refusal malformed(std::string detail);

} // namespace parley::http
