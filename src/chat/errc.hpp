// Every way in which a call or a stream can fail, in one list.
//
// The code's text (`to_string`) is what clients see as `code` in problem
// documents and `error` frames (API §1, §5); it is a promise. The table in
// errc.cpp gives each code its HTTP status, its title and whether a retry can
// help.
#pragma once

#include <cstdint>
#include <string_view>
#include <type_traits>

namespace parley {

enum class errc : std::uint8_t {
  none = 0,

  // -- the request is wrong; nothing was changed ------------------------------
  invalid_request,  // 400: a field's type or value; `error.field` names it
  malformed_json,   // 400: the body is not one JSON value in UTF-8
  malformed_http,   // 400: the bytes are not HTTP/1.x
  message_too_long, // 400: above limits.max-message-chars
  invalid_cursor,   // 400: not a cursor, or ahead of the stream
  unauthorized,     // 401
  forbidden,        // 403
  route_not_found,  // 404
  conversation_not_found, // 404
  message_not_found,      // 404
  stream_not_found,       // 404
  model_not_found,        // 404
  method_not_allowed,     // 405
  request_timeout,        // 408: header or body came too slowly
  conversation_busy,      // 409: `error.reference` is the active stream's id
  id_in_use,              // 409: an import brings an id that exists
  stream_expired,         // 410: `error.reference` is the message's id
  body_too_large,         // 413
  unsupported_media_type, // 415
  idempotency_key_reused, // 422: the same key came with another body
  header_too_large,       // 431
  too_many_requests,      // 429

  // -- the server cannot take it now ------------------------------------------
  draining,         // 503: SIGTERM was received
  overloaded,       // 503: a limit of the server as a whole
  storage_failed,   // 503: the disk is full, read-only or broken
  node_unavailable, // 503: the conversation's node cannot be reached
  internal,         // 500

  // -- the upstream failed (API §1) -------------------------------------------
  upstream_unreachable,  // 502: DNS, connect, TLS
  upstream_timeout,      // 504
  upstream_rate_limited, // 502: it answered 429
  upstream_rejected,     // 502: another 4xx, or a redirect
  upstream_failed,       // 502: 5xx, or an error object inside its stream
  upstream_protocol,     // 502: what it sent makes no sense
  upstream_interrupted,  // 502: cut off before it was finished

  // -- the stream was ended from outside, status `interrupted` ---------------
  server_shutdown, // 503: the grace period of a drain was over
  interrupted,     // 503: the server died in mid-answer
  node_lost,       // 503: the stream's node is gone

  last = node_lost, // not a code: keeps tables and bounds checks honest
};

struct errc_info {
  std::string_view code;  // snake_case, as clients see it
  int http_status;        // when it is the answer to a request
  std::string_view title; // RFC 9457 `title`
  bool retryable;         // the same request may succeed later
};

[[nodiscard]] const errc_info& info(errc code) noexcept;

[[nodiscard]] std::string_view to_string(errc code) noexcept;

// Returns `errc::none` for a text that names no code.
[[nodiscard]] errc errc_from_string(std::string_view text) noexcept;

// -- what CAF needs to carry the enum in messages ----------------------------

bool from_string(std::string_view text, errc& code);
bool from_integer(std::underlying_type_t<errc> value, errc& code);

template <class Inspector>
bool inspect(Inspector& f, errc& x) {
  auto get = [&x] {
    return static_cast<std::uint8_t>(x);
  };
  auto set = [&x](std::uint8_t value) {
    return from_integer(value, x);
  };
  return f.apply(get, set);
}

} // namespace parley
