// One reader of one stream: the part that talks to actors. What becomes of the
// events is its derived classes' business: `subscriber` writes them as SSE,
// `answer_waiter` waits for the last one.
//
// A reader has a companion of its own, apart from its connection's, so that a
// client that goes away while its stream is being opened still counts as a
// reader that came and left (API §2, `on_disconnect`).
//
//   open:  open_stream at the gateway ── on_opened ──┐
//   join:  find_stream at the gateway ───────────────┴─ subscribe ─
//   on_subscribed
//                                                        events … ─ on_events
//
// Thread: the loop's, for every function. Keeps itself alive, through its
// companion, until it has left; whoever makes one need not hold it.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <caf/actor_system.hpp>
#include <caf/system_messages.hpp>

#include "actors/interfaces.hpp"
#include "chat/result.hpp"
#include "runtime/companion.hpp"
#include "telemetry/log.hpp"
#include "telemetry/metrics.hpp"

namespace parley::http {

// What every reader needs; the references outlive all readers.
struct reader_services {
  caf::actor_system& system;
  actors::gateway_actor gateway;
  telemetry::metrics& metrics;
  const telemetry::log& log;
};

class stream_reader : public std::enable_shared_from_this<stream_reader> {
public:
  stream_reader(const reader_services& services, boost::asio::io_context& loop,
                std::uint32_t loop_index);
  virtual ~stream_reader();

  stream_reader(const stream_reader&) = delete;
  stream_reader& operator=(const stream_reader&) = delete;

  // Begins a stream, or joins the one that the request's Idempotency-Key names,
  // and reads it from its first frame. Call one of `open` and `join`, once.
  void open(chat_request request);

  // Reads a stream that exists from behind number `after`.
  void join(const stream_id& stream, seq_t after);

  // Stops to read: the session counts one reader less and nothing is called
  // any more. While the stream is being opened or looked for, it is subscribed
  // to first. Leaving twice does nothing.
  void leave();

protected:
  // The stream exists and its user message is durable. Not after `join`.
  virtual void on_opened(const actors::stream_opened& opened) = 0;

  virtual void on_subscribed(const actors::subscribed& subscribed) = 0;

  // The stream could not be opened, found or subscribed to; the reader has
  // left.
  virtual void on_refused(const error& why) = 0;

  // Takes one credit, which goes back by `grant`.
  virtual void on_events(const actors::events& batch) = 0;

  // The session died before it had sent a terminal event; the reader has left.
  // errc::node_lost where the node that it lived on is gone or going, else
  // errc::internal.
  virtual void on_lost(errc code) = 0;

  // Tells the session that so many more messages are welcome; 0 says nothing.
  void grant(std::uint32_t credit);

  // For requests of derived classes. Precondition: it has not left.
  [[nodiscard]] runtime::companion& companion();

  [[nodiscard]] const reader_services& services() const noexcept {
    return services_;
  }

  [[nodiscard]] bool has_left() const noexcept {
    return state_ == state::left;
  }

private:
  enum class state {
    idle,
    opening,     // waits for open_stream
    finding,     // waits for find_stream
    subscribing, // waits for subscribe
    reading,
    left,
  };

  template <class Request, class Answer, class Refusal>
  void ask_gateway(Request what, Answer answer, Refusal refusal);

  void listen();
  void take(const actors::events& batch);
  void find();
  void subscribe(const actors::session_actor& session);
  void subscription_failed(const caf::error& why);
  // Answers of a session that was given up are too late.
  [[nodiscard]] bool is_subscribing(int attempt) const noexcept {
    return state_ == state::subscribing && attempts_ == attempt;
  }
  void subscription_stands(const actors::subscribed& answer);
  void refuse(const error& why);
  void session_down(const caf::down_msg& down);
  void stop();

  reader_services services_;
  runtime::companion_ptr companion_;
  std::uint32_t loop_index_;
  state state_ = state::idle;
  stream_id stream_;
  seq_t after_ = 0;
  actors::session_actor session_;
  // What came before the answer to `subscribe`; at most the first credit.
  std::vector<actors::events> early_;
  bool end_was_read_ = false; // a terminal event has come
  bool leaving_ = false;      // leaves as soon as it is subscribed
  int attempts_ = 0;          // sessions that were asked; some end just then
};

} // namespace parley::http
