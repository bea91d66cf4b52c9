// Asking the gateway on behalf of an exchange.
#pragma once

#include <type_traits>
#include <utility>

#include "actors/errors.hpp"
#include "actors/interfaces.hpp"
#include "chat/limits.hpp"
#include "http/exchange.hpp"
#include "http/receiver_gone.hpp"

namespace parley::http::routes {

// Asks the gateway on behalf of an exchange. `then` is called with the exchange
// and the answer (`ask<void>`: the exchange alone); a failure is the exchange's
// answer at once. Both only while the connection lives.
template <class Answer, class Request, class Then>
void ask(const actors::gateway_actor& gateway, const exchange_ptr& exchange,
         Request what, Then then) {
  auto failed = [exchange](const caf::error& why) {
    exchange->fail(actors::to_error(why));
  };
  auto pending = exchange->actor().request(
    gateway, limits::actor_request_timeout, std::move(what));
  if constexpr (std::is_void_v<Answer>)
    std::move(pending).then([exchange, then] { then(exchange); },
                            std::move(failed));
  else
    std::move(pending).then(
      [exchange, then](const Answer& answer) { then(exchange, answer); },
      std::move(failed));
}

// Asks for the state of a stream by `get_stream_state` or `cancel_stream`, and
// again where its session ended just then: neither does harm twice.
template <class Request, class Then>
void ask_for_state(const actors::gateway_actor& gateway,
                   const exchange_ptr& exchange, const Request& what, Then then,
                   int attempt = 1) {
  exchange->actor()
    .request(gateway, limits::actor_request_timeout, what)
    .then(
      [exchange, then](const stream_state& state) { then(exchange, state); },
      [gateway, exchange, what, then, attempt](const caf::error& why) {
        if (is_receiver_gone(why) && attempt < max_attempts_at_a_session)
          ask_for_state(gateway, exchange, what, then, attempt + 1);
        else
          exchange->fail(actors::to_error(why));
      });
}

} // namespace parley::http::routes
