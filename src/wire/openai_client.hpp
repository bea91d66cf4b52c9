// OpenAI's dialect as its client speaks it: what goes to the upstream, and what
// comes back. Lenient where upstreams are known to be sloppy (llama.cpp, vLLM,
// Ollama, proxies): unknown members are skipped, text that is not valid UTF-8
// or holds half a surrogate pair gets U+FFFD in the place.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "chat/chat_request.hpp"
#include "chat/message.hpp"
#include "chat/result.hpp"

namespace parley::wire {

// -- the request --------------------------------------------------------------

struct completion_message {
  parley::role role = parley::role::user;
  std::string content; // valid UTF-8
};

struct completion_request {
  std::string model;
  std::vector<completion_message> messages;
  parley::sampling sampling;
  // More members, as JSON text of one object that wire::parse_json takes;
  // empty: none. They win over `messages` and `sampling`, not over `model`,
  // `stream` and `stream_options`, and are passed on byte by byte.
  std::string extra_json;
};

// The body of `POST …/chat/completions`; always with "stream":true and
// "stream_options":{"include_usage":true}.
[[nodiscard]] std::string
encode_completion_request(const completion_request& what);

// -- the answer ---------------------------------------------------------------

// What one `data` of the stream brings; any of it, or nothing. A whole body
// (without streaming) reads as one chunk.
struct completion_chunk {
  std::string content;               // valid UTF-8, as all text here
  std::string reasoning;             // `reasoning_content` or `reasoning`
  std::vector<tool_call> tool_calls; // fragments
  // `none`: not told yet. Unknown reasons read as `stop`.
  finish_reason finish = finish_reason::none;
  std::optional<parley::usage> usage; // not estimated
};

// The `data` that ends a stream.
[[nodiscard]] bool is_done_marker(std::string_view data) noexcept;

// Hot: one pass, no tree. Choices other than the first are skipped. Fails with
// errc::upstream_failed for an error object, with the upstream's own words
// (`upstream_error_text`) in the detail, and with errc::upstream_protocol for
// what is not a JSON object of the right shape.
[[nodiscard]] result<completion_chunk>
parse_completion_chunk(std::string_view data);

// The same for the body of an answer that is not streamed.
[[nodiscard]] result<completion_chunk>
parse_completion_body(std::string_view body);

// -- models and errors --------------------------------------------------------

struct listed_model {
  std::string id;
  std::int64_t created = 0; // Unix seconds; 0: unknown
  std::string owned_by;

  friend bool operator==(const listed_model&, const listed_model&) = default;
};

// The body of `GET …/models`. Fails with errc::upstream_protocol.
[[nodiscard]] result<std::vector<listed_model>>
parse_model_list(std::string_view body);

// What the body of an HTTP error says, in any of the shapes that upstreams use;
// empty where it says nothing. One line of at most 300 code points without
// control characters; what looks like an API key is masked.
[[nodiscard]] std::string upstream_error_text(std::string_view body);

} // namespace parley::wire
