// A validated request to answer a message (API §1), free of HTTP and JSON.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "chat/id.hpp"
#include "chat/inspect_enum.hpp"
#include "chat/message.hpp"

namespace parley {

// What happens to a generation when nobody listens any more.
struct disconnect_policy {
  enum class kind_t : std::uint8_t {
    keep,         // "continue"
    cancel,       // "cancel"
    cancel_after, // {"cancel_after_ms": n}
    last = cancel_after,
  };
  kind_t kind = kind_t::cancel_after;
  // How long a stream that has had readers waits for the next one
  // (`cancel_after` only).
  std::chrono::milliseconds grace{30'000};
  // How long a stream that no reader has come to yet waits for the first
  // (`cancel` and `cancel_after`).
  std::chrono::milliseconds first_reader_grace{30'000};

  friend bool operator==(const disconnect_policy&,
                         const disconnect_policy&) = default;
};

// As in OpenAI's API; what is absent is not sent to the upstream.
struct sampling {
  std::optional<double> temperature;      // 0 … 2
  std::optional<double> top_p;            // 0 … 1
  std::optional<std::int64_t> max_tokens; // ≥ 1
  std::vector<std::string> stop;
  std::optional<std::int64_t> seed;

  friend bool operator==(const sampling&, const sampling&) = default;
};

struct chat_request {
  std::string message;          // 1 … limits.max-message-chars code points
  conversation_id conversation; // empty: a new one is made
  std::string model;            // empty: the conversation's, else the default
  std::string system_prompt;    // only with a new conversation
  parley::sampling sampling;
  // Already lowered to the server's cap; code points.
  std::uint64_t max_response_chars = 4000;
  disconnect_policy on_disconnect;
  bool cancel_if_busy = false; // "if_busy": "cancel"
  parley::metadata metadata;   // kept with the user message
  // Who asks: what idempotency keys are private to. Empty: anonymous.
  std::string caller;
  std::string idempotency_key;   // empty: none
  std::uint64_t body_digest = 0; // of the body as a JSON value, key order aside
};

template <class Inspector>
bool inspect(Inspector& f, disconnect_policy::kind_t& x) {
  return detail::inspect_enum(f, x, disconnect_policy::kind_t::last);
}
template <class Inspector>
bool inspect(Inspector& f, disconnect_policy& x) {
  return f.object(x).fields(
    f.field("kind", x.kind), f.field("grace", x.grace),
    f.field("first_reader_grace", x.first_reader_grace));
}
template <class Inspector>
bool inspect(Inspector& f, sampling& x) {
  return f.object(x).fields(f.field("temperature", x.temperature),
                            f.field("top_p", x.top_p),
                            f.field("max_tokens", x.max_tokens),
                            f.field("stop", x.stop), f.field("seed", x.seed));
}
template <class Inspector>
bool inspect(Inspector& f, chat_request& x) {
  return f.object(x).fields(
    f.field("message", x.message), f.field("conversation", x.conversation),
    f.field("model", x.model), f.field("system_prompt", x.system_prompt),
    f.field("sampling", x.sampling),
    f.field("max_response_chars", x.max_response_chars),
    f.field("on_disconnect", x.on_disconnect),
    f.field("cancel_if_busy", x.cancel_if_busy),
    f.field("metadata", x.metadata), f.field("caller", x.caller),
    f.field("idempotency_key", x.idempotency_key),
    f.field("body_digest", x.body_digest));
}

} // namespace parley
