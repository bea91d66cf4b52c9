// The body of the three routes that start a stream (API §1).
#pragma once

#include <cstdint>
#include <string_view>

#include "chat/chat_request.hpp"
#include "chat/result.hpp"

namespace parley::wire {

// Code points; from the settings.
struct chat_request_limits {
  std::uint64_t max_message_chars = 32'000;
  std::uint64_t max_response_chars = 4'000;
};

// What an absent field means.
struct chat_request_defaults {
  // Its `first_reader_grace` also holds under "cancel".
  disconnect_policy policy;
  // Never above limits.max_response_chars, which wins.
  std::uint64_t max_response_chars = 4'000;
};

// Fills in everything but `caller` and `idempotency_key`, which are not in the
// body. null is absent for every optional field. Fails with
//
//   errc::malformed_json          not one JSON value (wire/json.hpp)
//   errc::invalid_request         not an object; an unknown field, a wrong type
//                                 or a value out of range: `error.field` names
//                                 it, and so does the detail
//   errc::message_too_long        `error.field` is "message"
//   errc::conversation_not_found  `conversation_id` can be no id of ours
[[nodiscard]] result<chat_request>
parse_chat_request(std::string_view body, const chat_request_limits& limits,
                   const chat_request_defaults& defaults);

} // namespace parley::wire
