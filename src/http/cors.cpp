#include "http/cors.hpp"

#include <algorithm>

namespace parley::http {

namespace {

// API §5. Browsers hide all other headers from scripts.
constexpr std::string_view exposed_headers =
  "X-Stream-Id, X-Conversation-Id, X-Message-Id, X-Request-Id, Location, "
  "Retry-After, Idempotent-Replayed, X-Missing-Node";
constexpr std::string_view allowed_headers =
  "Content-Type, Authorization, Idempotency-Key, Last-Event-ID, "
  "Cache-Control, X-Request-Id";
// As much of what a browser asks for as is given back to it.
constexpr std::size_t max_requested_bytes = 2048;
// Two hours: the most that Chromium takes.
constexpr std::string_view max_age_seconds = "7200";

bool is_list_of_names(std::string_view text) {
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
           || (c >= '0' && c <= '9')
           || std::string_view{"!#$%&'*+-.^_`|~, "}.find(c)
                != std::string_view::npos;
  };
  return !text.empty() && text.size() <= max_requested_bytes
         && std::all_of(text.begin(), text.end(), fits);
}

} // namespace

cors_policy::cors_policy(std::vector<std::string> origins)
  : origins_{std::move(origins)},
    any_{std::find(origins_.begin(), origins_.end(), "*") != origins_.end()} {
}

bool cors_policy::allows(std::string_view origin) const {
  return !origin.empty()
         && (any_
             || std::find(origins_.begin(), origins_.end(), origin)
                  != origins_.end());
}

void cors_policy::append_headers(std::string& head,
                                 std::string_view origin) const {
  // Also without an Origin: a cache must not hand this answer to another one.
  if (!origins_.empty() && !any_)
    head += "Vary: Origin\r\n";
  if (!allows(origin))
    return;
  head.append("Access-Control-Allow-Origin: ")
    .append(any_ ? std::string_view{"*"} : origin)
    .append("\r\nAccess-Control-Expose-Headers: ")
    .append(exposed_headers)
    .append("\r\n");
}

void cors_policy::append_preflight_headers(
  std::string& head, std::string_view allowed_methods,
  std::string_view requested_headers) const {
  head.append("Access-Control-Allow-Methods: ")
    .append(allowed_methods)
    .append("\r\nAccess-Control-Allow-Headers: ")
    .append(allowed_headers);
  if (is_list_of_names(requested_headers))
    head.append(", ").append(requested_headers);
  head.append("\r\nAccess-Control-Max-Age: ")
    .append(max_age_seconds)
    .append("\r\n");
}

} // namespace parley::http
