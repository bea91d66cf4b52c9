// The reader of a client that waits for the whole answer: counts as a reader
// of the stream as long as the client is there, drops the text that passes by,
// and calls back with the stored messages once the stream has ended.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "http/exchange.hpp"
#include "http/stream_reader.hpp"

namespace parley::http {

// What the client of a blocking route gets.
struct whole_answer {
  actors::stream_opened opened;
  message user_message;
  message answer;
};

class answer_waiter final : public stream_reader {
public:
  // Turns the end of a stream into an answer; called once, unless the client
  // is gone by then. A stream that ended with an error frame is an error here;
  // `opened` says which stream that was, null where none was opened.
  using answer_function =
    std::function<void(http::exchange&, const result<whole_answer>&,
                       const actors::stream_opened* opened)>;

  // Make it with std::make_shared, then call `start`.
  answer_waiter(const reader_services& services, exchange_ptr exchange,
                answer_function answer);

  void start(chat_request request);

private:
  void on_opened(const actors::stream_opened& opened) override;
  void on_subscribed(const actors::subscribed& subscribed) override;
  void on_refused(const error& why) override;
  void on_events(const actors::events& batch) override;
  void on_lost(errc code) override;

  void client_gone();
  void fetch(const message_id& id, void (answer_waiter::*then)(const message&));
  void got_user_message(const message& what);
  void got_answer(const message& what);
  void answer(const result<whole_answer>& what);

  exchange_ptr exchange_; // until it is answered
  answer_function answer_;
  whole_answer collected_;
  bool opened_ = false;
};

} // namespace parley::http
