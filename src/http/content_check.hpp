// Whether a request's body is what its route takes (body_policy). Pure.
#pragma once

#include <optional>

#include "http/exchange.hpp"
#include "http/refusal.hpp"

namespace parley::http {

// For body_policy::json: 415 without `Content-Type: application/json`, with a
// charset other than UTF-8, or with a Content-Encoding.
[[nodiscard]] std::optional<refusal> check_json_content(const request& head);

} // namespace parley::http
