#include <memory>
#include <string>
#include <utility>

#include "http/reply.hpp"
#include "http/routes/ask.hpp"
#include "http/routes/parameters.hpp"
#include "http/routes/routes.hpp"
#include "http/subscriber.hpp"
#include "wire/conversation_json.hpp"

namespace parley::http::routes {

namespace {

void respond_state(const exchange_ptr& to, const stream_state& state) {
  to->respond(json_reply(200, wire::encode_stream_state(state)));
}

// -- GET /api/v1/chat/streams/{id}, POST …/cancel -----------------------------

template <class Request>
void answer_with_state(const services& with, const exchange_ptr& exchange) {
  const auto id = stream_from_path(exchange->parameter("id"));
  if (!id)
    return exchange->fail(id.error());
  ask_for_state(with.gateway, exchange, Request{*id}, respond_state);
}

// -- GET /api/v1/chat/streams/{id}/events -------------------------------------

// HEAD gets what GET would begin with, and is no reader.
void respond_events_head(const exchange_ptr& to, seq_t after,
                         const stream_state& state) {
  const auto over = is_terminal(state.status);
  if (!over && after > state.last_seq)
    return to->fail({errc::invalid_cursor,
                     "The cursor is ahead of the stream, which is at "
                       + std::to_string(state.last_seq) + ".",
                     "Last-Event-ID",
                     {},
                     std::nullopt});
  if (over && after >= state.last_seq)
    return to->respond(no_content());
  auto headers = stream_headers(state.id, state.conversation, state.message);
  headers.emplace_back("Cache-Control", "no-cache, no-transform");
  headers.emplace_back("X-Accel-Buffering", "no");
  to->respond(
    reply(200, std::string{wire::sse_content_type}, {}, std::move(headers)));
}

void read_events(const services& with, const exchange_ptr& exchange) {
  const auto id = stream_from_path(exchange->parameter("id"));
  if (!id)
    return exchange->fail(id.error());
  const auto after = last_event_id(exchange->request());
  if (!after)
    return exchange->fail(after.error());
  if (exchange->request().method == method::head) {
    ask_for_state(
      with.gateway, exchange, actors::get_stream_state{*id},
      [cursor = *after](const exchange_ptr& to, const stream_state& state) {
        respond_events_head(to, cursor, state);
      });
    return;
  }
  std::make_shared<subscriber>(
    reader_services_of(with), exchange,
    native_format(wire::sse_dialect::native_with_ids))
    ->join(*id, *after);
}

} // namespace

void add_streams(router& to, const services& with) {
  to.add({method::get, "/api/v1/chat/streams/{id}", body_policy::none,
          [with](const exchange_ptr& exchange) {
            answer_with_state<actors::get_stream_state>(with, exchange);
          }});
  to.add({method::get, "/api/v1/chat/streams/{id}/events", body_policy::none,
          [with](const exchange_ptr& exchange) {
            read_events(with, exchange);
          }});
  to.add({method::post, "/api/v1/chat/streams/{id}/cancel", body_policy::none,
          [with](const exchange_ptr& exchange) {
            answer_with_state<actors::cancel_stream>(with, exchange);
          }});
}

} // namespace parley::http::routes
