#include "chat/errc.hpp"

#include <array>
#include <cstddef>

namespace parley {

namespace {

constexpr std::size_t errc_count = static_cast<std::size_t>(errc::last) + 1;

// In the order of the enum; `errc::none` is in the table so that the index is
// the value.
constexpr std::array<errc_info, errc_count> table{{
  {"none", 200, "OK", false},

  {"invalid_request", 400, "Invalid request", false},
  {"malformed_json", 400, "Malformed JSON", false},
  {"malformed_http", 400, "Malformed HTTP", false},
  {"message_too_long", 400, "Message too long", false},
  {"invalid_cursor", 400, "Invalid cursor", false},
  {"unauthorized", 401, "Unauthorized", false},
  {"forbidden", 403, "Forbidden", false},
  {"route_not_found", 404, "Route not found", false},
  {"conversation_not_found", 404, "Conversation not found", false},
  {"message_not_found", 404, "Message not found", false},
  {"stream_not_found", 404, "Stream not found", false},
  {"model_not_found", 404, "Model not found", false},
  {"method_not_allowed", 405, "Method not allowed", false},
  {"request_timeout", 408, "Request timeout", true},
  {"conversation_busy", 409, "Conversation busy", true},
  {"id_in_use", 409, "Id in use", false},
  {"stream_expired", 410, "Stream expired", false},
  {"body_too_large", 413, "Body too large", false},
  {"unsupported_media_type", 415, "Unsupported media type", false},
  {"idempotency_key_reused", 422, "Idempotency key reused", false},
  {"header_too_large", 431, "Header too large", false},
  {"too_many_requests", 429, "Too many requests", true},

  {"draining", 503, "Server is shutting down", true},
  {"overloaded", 503, "Server overloaded", true},
  {"storage_failed", 503, "Storage failed", true},
  {"node_unavailable", 503, "Node unavailable", true},
  {"internal", 500, "Internal error", false},

  {"upstream_unreachable", 502, "Upstream unreachable", true},
  {"upstream_timeout", 504, "Upstream timeout", true},
  {"upstream_rate_limited", 502, "Upstream rate limited", true},
  {"upstream_rejected", 502, "Upstream rejected the request", false},
  {"upstream_failed", 502, "Upstream failed", true},
  {"upstream_protocol", 502, "Upstream protocol error", false},
  {"upstream_interrupted", 502, "Upstream interrupted", true},

  {"server_shutdown", 503, "Server was shut down", true},
  {"interrupted", 503, "Interrupted", true},
  {"node_lost", 503, "Node lost", true},
}};

static_assert(table[static_cast<std::size_t>(errc::draining)].code
              == "draining");
static_assert(table[static_cast<std::size_t>(errc::last)].code == "node_lost");

} // namespace

const errc_info& info(errc code) noexcept {
  const auto index = static_cast<std::size_t>(code);
  return index < table.size() ? table[index]
                              : table[static_cast<std::size_t>(errc::internal)];
}

std::string_view to_string(errc code) noexcept {
  return info(code).code;
}

errc errc_from_string(std::string_view text) noexcept {
  for (std::size_t i = 1; i < table.size(); ++i)
    if (table[i].code == text)
      return static_cast<errc>(i);
  return errc::none;
}

bool from_string(std::string_view text, errc& code) {
  const auto found = errc_from_string(text);
  if (found == errc::none && text != to_string(errc::none))
    return false;
  code = found;
  return true;
}

bool from_integer(std::underlying_type_t<errc> value, errc& code) {
  if (value >= errc_count)
    return false;
  code = static_cast<errc>(value);
  return true;
}

} // namespace parley
