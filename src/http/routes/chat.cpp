#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <utility>

#include "http/answer_waiter.hpp"
#include "http/refusal.hpp"
#include "http/reply.hpp"
#include "http/routes/ask.hpp"
#include "http/routes/parameters.hpp"
#include "http/routes/routes.hpp"
#include "http/subscriber.hpp"
#include "wire/chat_request.hpp"
#include "wire/conversation_json.hpp"

namespace parley::http::routes {

namespace {

disconnect_policy default_policy(const config::settings& settings) {
  using kind = disconnect_policy::kind_t;
  disconnect_policy result;
  switch (settings.streams.on_disconnect) {
  case config::disconnect_default::keep:
    result.kind = kind::keep;
    break;
  case config::disconnect_default::cancel:
    result.kind = kind::cancel;
    break;
  case config::disconnect_default::cancel_after:
    result.kind = kind::cancel_after;
    break;
  }
  result.grace = settings.streams.cancel_after;
  result.first_reader_grace = settings.streams.cancel_after;
  return result;
}

// A request may name what GET /v1/models lists. Without a `models` table an
// upstream is asked for any name: it may have more than it lists.
result<void> check_model(const std::string& name, const services& with) {
  const auto& settings = with.settings;
  const auto& table = settings.models;
  if (name.empty() || (table.empty() && !settings.llm.base_url.empty()))
    return {};
  const auto is_listed = [&name](const auto& entry) {
    return entry.name == name;
  };
  if (table.empty() ? name == with.provider.name() || name == settings.llm.model
                    : std::ranges::any_of(table, is_listed))
    return {};
  return fail(errc::invalid_request,
              "model: there is no model of that name; GET /v1/models lists "
              "those there are",
              "model");
}

// What the three routes have in common: the body and the Idempotency-Key.
result<chat_request> read_chat_request(const request& what,
                                       const services& with) {
  const auto& settings = with.settings;
  auto key = idempotency_key(what);
  if (!key)
    return fail(std::move(key.error()));
  const auto& limits = settings.limits;
  auto parsed = wire::parse_chat_request(
    what.body, {limits.max_message_chars, limits.max_response_chars},
    {default_policy(settings), limits.max_response_chars});
  if (!parsed)
    return parsed;
  if (auto known = check_model(parsed->model, with); !known)
    return fail(std::move(known.error()));
  parsed->idempotency_key = *std::move(key);
  return parsed;
}

// -- POST /api/v1/chat/message/stream -----------------------------------------

void stream_message(const services& with, const exchange_ptr& exchange) {
  const auto ids = wants_event_ids(exchange->request());
  if (!ids)
    return exchange->fail(ids.error());
  auto parsed = read_chat_request(exchange->request(), with);
  if (!parsed)
    return exchange->fail(parsed.error());
  const auto dialect =
    *ids ? wire::sse_dialect::native_with_ids : wire::sse_dialect::native;
  std::make_shared<subscriber>(reader_services_of(with), exchange,
                               native_format(dialect))
    ->open(*std::move(parsed));
}

// -- POST /api/v1/chat/message ------------------------------------------------

void respond_whole_answer(http::exchange& exchange,
                          const result<whole_answer>& what,
                          const actors::stream_opened* opened) {
  if (what)
    exchange.respond(
      json_reply(200, wire::encode_answer(what->user_message, what->answer),
                 stream_headers(*opened)));
  else if (opened) // what had arrived is stored: the headers say where
    exchange.respond(to_response({what.error(), 0, stream_headers(*opened)},
                                 error_shape::problem, exchange.request().id));
  else
    exchange.fail(what.error());
}

void answer_message(const services& with, const exchange_ptr& exchange) {
  auto parsed = read_chat_request(exchange->request(), with);
  if (!parsed)
    return exchange->fail(parsed.error());
  std::make_shared<answer_waiter>(reader_services_of(with), exchange,
                                  respond_whole_answer)
    ->start(*std::move(parsed));
}

// -- POST /api/v1/chat/streams ------------------------------------------------

void respond_started(http::exchange& exchange,
                     const actors::stream_opened& opened,
                     const stream_state& state) {
  auto headers = stream_headers(opened);
  headers.emplace_back("Location", "/api/v1/chat/streams/" + state.id.str());
  exchange.respond(
    json_reply(202, wire::encode_stream_state(state), std::move(headers)));
}

void start_stream(const services& with, const exchange_ptr& exchange) {
  auto parsed = read_chat_request(exchange->request(), with);
  if (!parsed)
    return exchange->fail(parsed.error());
  ask<actors::stream_opened>(
    with.gateway, exchange,
    actors::open_stream{*std::move(parsed), exchange->loop_index()},
    [gateway = with.gateway](const exchange_ptr& to,
                             const actors::stream_opened& opened) {
      ask_for_state(
        gateway, to, actors::get_stream_state{opened.start.stream},
        [opened](const exchange_ptr& ex, const stream_state& state) {
          respond_started(*ex, opened, state);
        });
    });
}

} // namespace

void add_chat(router& to, const services& with) {
  to.add({method::post, "/api/v1/chat/message/stream", body_policy::json,
          [with](const exchange_ptr& exchange) {
            stream_message(with, exchange);
          }});
  to.add({method::post, "/api/v1/chat/message", body_policy::json,
          [with](const exchange_ptr& exchange) {
            answer_message(with, exchange);
          }});
  to.add({method::post, "/api/v1/chat/streams", body_policy::json,
          [with](const exchange_ptr& exchange) {
            start_stream(with, exchange);
          }});
}

} // namespace parley::http::routes
