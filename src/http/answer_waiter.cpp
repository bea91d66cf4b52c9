#include "http/answer_waiter.hpp"

#include <utility>

#include "actors/errors.hpp"
#include "chat/limits.hpp"
#include "http/reply.hpp"

namespace parley::http {

answer_waiter::answer_waiter(const reader_services& services,
                             exchange_ptr exchange, answer_function answer)
  : stream_reader(services, exchange->loop(), exchange->loop_index()),
    exchange_(std::move(exchange)),
    answer_(std::move(answer)) {
}

void answer_waiter::start(chat_request request) {
  exchange_->on_gone([weak = weak_from_this()] {
    if (auto self = weak.lock())
      static_cast<answer_waiter&>(*self).client_gone();
  });
  open(std::move(request));
}

void answer_waiter::client_gone() {
  leave();
  if (exchange_)
    std::exchange(exchange_, nullptr)
      ->fail({errc::invalid_request,
              "the client closed its side of the connection before the answer "
              "was complete, which counts as a disconnect",
              {},
              {},
              std::nullopt});
}

void answer_waiter::on_opened(const actors::stream_opened& opened) {
  opened_ = true;
  collected_.opened = opened;
  // The session must be able to end while nobody but this reader knows it.
  collected_.opened.session = nullptr;
}

void answer_waiter::on_subscribed(const actors::subscribed&) {
}

void answer_waiter::on_events(const actors::events& batch) {
  for (const auto& item : batch.items) {
    if (const auto* failure = std::get_if<error_event>(&item)) {
      leave();
      answer(fail(failure->code, failure->text));
      return;
    }
    if (std::holds_alternative<done_event>(item)) {
      fetch(collected_.opened.start.user_message,
            &answer_waiter::got_user_message);
      return;
    }
  }
  grant(1);
}

void answer_waiter::fetch(const message_id& id,
                          void (answer_waiter::*then)(const message&)) {
  companion()
    .request(services().gateway, limits::actor_request_timeout,
             actors::get_message{collected_.opened.start.conversation, id})
    .then(
      [self = shared_from_this(), then](const message& what) {
        (static_cast<answer_waiter&>(*self).*then)(what);
      },
      [self = shared_from_this()](const caf::error& why) {
        self->leave();
        static_cast<answer_waiter&>(*self).answer(fail(actors::to_error(why)));
      });
}

void answer_waiter::got_user_message(const message& what) {
  collected_.user_message = what;
  fetch(collected_.opened.start.message, &answer_waiter::got_answer);
}

void answer_waiter::got_answer(const message& what) {
  collected_.answer = what;
  leave();
  answer(std::move(collected_));
}

void answer_waiter::on_refused(const error& why) {
  answer(fail(why));
}

void answer_waiter::on_lost(errc code) {
  answer(fail(code, "The stream ended before its answer was complete; ask for "
                    "the conversation's messages to see what there is."));
}

void answer_waiter::answer(const result<whole_answer>& what) {
  const auto* opened = what      ? &what->opened
                       : opened_ ? &collected_.opened
                                 : nullptr;
  if (auto exchange = std::exchange(exchange_, nullptr))
    answer_(*exchange, what, opened);
}

} // namespace parley::http
