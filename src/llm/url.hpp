// The address of an upstream, as `llm.base-url` gives it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "chat/result.hpp"

namespace parley::llm {

struct url {
  bool tls = false;
  std::string host; // lower case; an IPv6 address without its brackets
  std::uint16_t port = 0;
  std::string path; // empty, or begins with a slash and does not end with one

  // As the Host header has it: brackets around IPv6, the port unless it is the
  // scheme's own.
  [[nodiscard]] std::string authority() const;

  friend bool operator==(const url&, const url&) = default;
};

// Takes `http://host[:port][/path]` and `https://…`. Fails with
// errc::invalid_request, field `llm.base-url`, for anything else; also for user
// names, queries and fragments, which mean nothing in a base.
[[nodiscard]] result<url> parse_base_url(std::string_view text);

} // namespace parley::llm
