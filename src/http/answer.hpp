// An answer as bytes. Pure, but for what it is told about the moment.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http/compression.hpp"
#include "http/cors.hpp"
#include "http/exchange.hpp"
#include "http/output_buffer.hpp"
#include "http/refusal.hpp"
#include "http/request_head.hpp"

namespace parley::http {

// `GET`, for logs; `-` for a method that no route has.
[[nodiscard]] std::string_view method_name(method which) noexcept;

// What an answer needs to know of its request.
struct answer_context {
  http::method method = method::get;
  error_shape shape = error_shape::problem;
  unsigned version = 11; // 10 or 11
  bool keep_alive = false;
  bool accepts_gzip = false;
  std::string origin;
  std::string request_id;
  std::string_view route; // its pattern; empty: none was found
  std::chrono::steady_clock::time_point started;
};

[[nodiscard]] answer_context make_context(const request_head& head);
// For a head that cannot be read: closes afterwards.
[[nodiscard]] answer_context make_context(const head_sketch& head);

// What does not depend on the request.
struct answer_surroundings {
  const cors_policy& cors;
  std::string_view date; // IMF-fixdate
  bool compress = false;
  bool keep_alive = true; // false: says `Connection: close`
};

void append_answer(output_buffer& out, response what,
                   const answer_context& context,
                   const answer_surroundings& around);

// The answer to OPTIONS: `allow` is the path's list of methods, `requested` a
// preflight's list of headers; nothing where it is no preflight.
void append_options_answer(output_buffer& out, std::string_view allow,
                           std::optional<std::string_view> requested,
                           const answer_context& context,
                           const answer_surroundings& around);

enum class stream_coding : std::uint8_t { identity, gzip };

// The head of an event stream (API §1); chunked in HTTP/1.1.
void append_stream_head(
  output_buffer& out,
  const std::vector<std::pair<std::string, std::string>>& extra_headers,
  stream_coding coding, const answer_context& context,
  const answer_surroundings& around);

} // namespace parley::http
