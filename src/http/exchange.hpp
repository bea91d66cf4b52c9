// One request and its one answer, as route handlers see them.
//
// A connection reads a request, finds its route and calls the handler with an
// `exchange`. The handler answers exactly once, now or later: with `respond`,
// with `fail`, or by `begin_event_stream`. Everything happens on the thread of
// the connection's event loop. When a handler lets go of an exchange without an
// answer, the connection answers 500, so that no client waits for ever.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/asio/io_context.hpp>

#include "chat/result.hpp"
#include "runtime/companion.hpp"

namespace parley::http {

enum class method : std::uint8_t {
  get,
  head,
  post,
  put,
  patch,
  del,
  options,
  other
};

// A whole request. Header names are lower case.
struct request {
  http::method method = method::get;
  std::string path; // decoded, without the query
  std::vector<std::pair<std::string, std::string>> query; // decoded, in order
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  std::string id; // X-Request-Id: the client's when well-formed, else ours

  // The first of that name, or nothing.
  [[nodiscard]] std::optional<std::string_view>
  header(std::string_view lower_case_name) const;
  [[nodiscard]] std::optional<std::string_view>
  query_value(std::string_view name) const;
};

// A whole answer. The connection adds Content-Length, X-Request-Id, Date and
// CORS headers, compresses where that is agreed, and leaves out the body for
// HEAD.
struct response {
  int status = 200;
  std::string content_type = "application/json";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;
};

// The body of a 200 answer of type text/event-stream, written piece by piece.
// Held by its subscriber. Thread: the connection's.
class event_stream {
public:
  virtual ~event_stream() = default;

  // Called once when the client is gone (end of file, reset, write time-out of
  // sse.write-timeout) or the server drops the connection. Nothing can be
  // written afterwards. Set it before the first write; it may be called inside
  // no other call of this class.
  virtual void on_gone(std::function<void()> handler) = 0;

  // Called once when the server is about to close its connections: whoever
  // still reads should be told to come back elsewhere.
  virtual void on_drain(std::function<void()> /*handler*/) {
  }

  // Writes whole frames as one chunk of the body; `on_written` is called when
  // the socket took them. One write at a time: precondition: the previous one
  // was answered. Never calls back inside the call, nor after `on_gone`.
  virtual void write(std::string frames, std::function<void()> on_written) = 0;

  // Ends the body behind all that was written; the connection goes on with
  // its next request. The last call.
  virtual void finish() = 0;

  // Writes whole frames and ends the body behind them, in one go. The last
  // call. Same precondition as `write`.
  virtual void finish_with(std::string last_frames) {
    write(std::move(last_frames), [] {});
    finish();
  }

  // Closes the connection without an end of the body, so that the client sees
  // the answer is incomplete.
  virtual void abort() = 0;
};

class exchange {
public:
  virtual ~exchange() = default;

  [[nodiscard]] virtual const http::request& request() const = 0;

  // The `{…}` parts of the route's pattern, decoded. Precondition: `name` is in
  // the pattern.
  [[nodiscard]] virtual const std::string&
  parameter(std::string_view name) const = 0;

  virtual void respond(response what) = 0;

  // Answers with a problem document (API §5), or with OpenAI's shape under
  // `/v1`, and the status and headers that fit the error (Retry-After).
  virtual void fail(const error& what) = 0;

  // Sends the head of an event stream at once: the headers of API §1 and
  // `extra_headers`. Heartbeat comments (`: ping`) go out by themselves
  // whenever nothing was written for sse.heartbeat.
  [[nodiscard]] virtual std::shared_ptr<event_stream> begin_event_stream(
    std::vector<std::pair<std::string, std::string>> extra_headers) = 0;

  // True once the client's connection is closed; an answer is still owed (it
  // goes nowhere). `on_gone` is called once when that happens, or the client
  // sends no more, before the answer: for handlers that hold something open
  // meanwhile and have nothing to send that would tell the two apart.
  [[nodiscard]] virtual bool gone() const = 0;
  virtual void on_gone(std::function<void()> handler) = 0;

  // The connection's actor, for requests to other actors:
  //   exchange->actor().request(gateway, timeout, message).then(…)
  // Lives as long as the connection.
  [[nodiscard]] virtual runtime::companion& actor() = 0;

  [[nodiscard]] virtual boost::asio::io_context& loop() = 0;
  // The loop's index in runtime::event_loops.
  [[nodiscard]] virtual std::uint32_t loop_index() const = 0;
};

using exchange_ptr = std::shared_ptr<exchange>;
using handler = std::function<void(exchange_ptr)>;

} // namespace parley::http
