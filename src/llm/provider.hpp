// A language model, as the llm_worker actor sees it.
//
// `openai_provider` speaks to any OpenAI-compatible server, `eliza_provider` is
// the built-in model, `scripted_provider` plays exact deltas, pauses and faults
// for tests. tests/llm/conformance_test.cpp runs on all of them.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include <boost/asio/io_context.hpp>

#include "chat/chat_request.hpp"
#include "chat/event.hpp"
#include "chat/message.hpp"
#include "chat/result.hpp"

namespace parley::llm {

struct prompt_message {
  parley::role role = role::user;
  std::string content;
};

struct prompt {
  std::string model;                    // the upstream's name; never empty
  std::vector<prompt_message> messages; // system first, then oldest to newest
  parley::sampling sampling;
  // More top-level members for the upstream's request, as JSON text of one
  // object; empty: none. (OpenAI's dialect passes unknown fields on.)
  std::string extra;
};

// -- what a generation reports, in this order
// -------------------------------------

// A connection stands and the request was sent. At most once.
struct connected {};

// A piece of the answer: text of one kind (valid UTF-8, not empty, never half a
// character), or a fragment of a tool call.
struct text_delta {
  text_kind kind = text_kind::content;
  std::string text;
};
using delta = std::variant<text_delta, tool_call>;

// All that one read of the socket brought. Neighbouring text may be joined.
struct deltas {
  std::vector<delta> items;
};

// The end. `used` where the upstream told it.
struct finished {
  finish_reason reason = finish_reason::stop;
  std::optional<usage> used;
};

// The other end: an upstream_… code. `error.retry_after` is the upstream's
// Retry-After. `before_head`: no byte of an answer had come. `http_status` is
// the upstream's, 0 where there was none.
struct failed {
  error why;
  int http_status = 0;
};

using report = std::variant<connected, deltas, finished, failed>;

// Called on the loop's thread, or, by a provider that needs no loop, inside
// `start`. After `finished` or `failed` never again.
using report_function = std::function<void(report)>;

// A running generation. Destroying it closes the upstream connection at once
// (from any thread; the close itself happens on the loop), after which at most
// a report that is already on its way arrives.
class generation {
public:
  virtual ~generation() = default;

  // Reading stops while paused, so that a fast upstream is held back by TCP
  // instead of filling memory. Thread-safe.
  virtual void pause() {
  }
  virtual void resume() {
  }
};

struct model_info {
  std::string id;
  std::int64_t created = 0; // Unix seconds; 0: unknown
  std::string owned_by;
};

// Thread-safe. Must outlive its generations.
class provider {
public:
  virtual ~provider() = default;

  // Starts to answer. `loop` is where sockets and timers of this generation
  // live. Failures are reported, never thrown. Time-outs are the caller's
  // business: it destroys the generation.
  [[nodiscard]] virtual std::unique_ptr<generation>
  start(prompt what, boost::asio::io_context& loop,
        report_function on_report) = 0;

  using models_function = std::function<void(result<std::vector<model_info>>)>;

  // Lists models, freshly from the upstream. Calls back once, on the loop or
  // inside the call.
  virtual void list_models(boost::asio::io_context& loop,
                           models_function on_models) = 0;

  // `openai`, `eliza`, `scripted`: for logs and metrics.
  [[nodiscard]] virtual std::string_view name() const noexcept = 0;
};

} // namespace parley::llm
