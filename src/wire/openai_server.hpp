// OpenAI's dialect as its server speaks it (API §4).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "chat/event.hpp"
#include "chat/message.hpp"
#include "chat/result.hpp"
#include "wire/openai_client.hpp"

namespace parley::wire {

// -- the request --------------------------------------------------------------

struct openai_chat_request {
  std::string model; // empty: absent
  // The text of each message, parts of it joined; what is not text (images,
  // tool calls) is only in `extra_json`.
  std::vector<completion_message> messages;
  bool stream = false;
  bool include_usage = false;
  bool store = false;
  parley::metadata metadata; // with `store` only
  // All members that are the upstream's business, `messages` and sampling
  // included, byte by byte as they came: completion_request::extra_json.
  std::string extra_json;
  std::uint64_t body_digest = 0; // as chat_request::body_digest
};

// Fails with errc::malformed_json, or errc::invalid_request where `error.field`
// is OpenAI's `param`: no messages, wrong types of the members named above, `n`
// other than 1. Everything else is left to the upstream.
[[nodiscard]] result<openai_chat_request>
parse_openai_chat_request(std::string_view body);

// -- the answer ---------------------------------------------------------------

// What every chunk of one completion repeats.
struct completion_head {
  std::string id; // `chatcmpl-…`
  std::string model;
  std::int64_t created = 0; // Unix seconds
};

// Turns the events of one stream into `chat.completion.chunk` frames. The
// start gives the role, done gives the finish reason, the usage where it was
// asked for and `[DONE]`; an error gives one frame in OpenAI's shape and
// `[DONE]`. Progress and reset are silent.
class completion_stream_encoder {
public:
  completion_stream_encoder(const completion_head& head, bool include_usage);

  void append(std::string& out, const event& what) const;

private:
  void append_text(std::string& out, const text_event& x) const;
  void append_tool_call(std::string& out, const tool_call_event& x) const;
  void append_done(std::string& out, const done_event& x) const;

  std::string open_;  // of a chunk, up to the delta's members
  std::string close_; // behind the delta's members, no finish reason
  std::string head_;  // of a chunk, up to "choices"
  bool include_usage_;
};

// The body of an answer that is not streamed.
[[nodiscard]] std::string encode_completion(const completion_head& head,
                                            const message& answer);

// `GET /v1/models` and `GET /v1/models/{id}`.
[[nodiscard]] std::string
encode_model_list(std::span<const listed_model> models);
[[nodiscard]] std::string encode_model(const listed_model& model);

} // namespace parley::wire
