// Asking the gateway on behalf of an exchange.
#pragma once

#include <type_traits>
#include <utility>

#include "actors/errors.hpp"
#include "actors/interfaces.hpp"
#include "chat/limits.hpp"
#include "http/exchange.hpp"
#include "http/reply.hpp"

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

} // namespace parley::http::routes
