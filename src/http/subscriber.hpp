// The reader of a client that listens: forwards one session's events to one
// event stream.
//
// Every event is encoded once, into the text of the next write. While a write
// is on its way what comes joins the next one, and its credit stays here, so
// that a slow client costs at most limits::reader_credit batches of memory.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "http/exchange.hpp"
#include "http/reply.hpp"
#include "http/stream_reader.hpp"
#include "wire/sse_encoder.hpp"

namespace parley::http {

// How a route writes events as text.
struct event_format {
  using function = std::function<void(std::string& out, const event& what)>;

  std::string preface; // comes before all frames; may be empty
  function encode;     // appends the frames of one event
  // The same for an error that is not in the stream's log: a reader that comes
  // back must not have moved its cursor by it.
  function encode_unlogged;
  // What tells a reader to come back after a while, at another moment than the
  // other readers; null where the dialect has no such word.
  std::function<std::string()> farewell;
};

// API §1 and §2. With ids, an error that is not in the log has none.
[[nodiscard]] event_format native_format(wire::sse_dialect dialect);

// The headers X-Stream-Id, X-Conversation-Id and X-Message-Id.
[[nodiscard]] header_list stream_headers(const stream_id& stream,
                                         const conversation_id& conversation,
                                         const message_id& answer);

// The same, and `Idempotent-Replayed` where it belongs.
[[nodiscard]] header_list stream_headers(const actors::stream_opened& opened);

class subscriber final : public stream_reader {
public:
  // Answers `exchange`, however the reading goes: after `open` with an event
  // stream as soon as the stream exists; after `join` when the session has
  // answered, with an event stream, or with 204 where the reader has seen the
  // end. Make it with std::make_shared.
  subscriber(const reader_services& services, exchange_ptr exchange,
             event_format format);

private:
  void on_opened(const actors::stream_opened& opened) override;
  void on_subscribed(const actors::subscribed& subscribed) override;
  void on_refused(const error& why) override;
  void on_events(const actors::events& batch) override;
  void on_lost(errc code) override;

  void begin(header_list with);
  void on_drain();
  void end_with(errc code, std::string text);
  void flush();
  void written();

  exchange_ptr exchange_; // until it is answered
  event_format format_;
  std::shared_ptr<event_stream> stream_; // from the head until the end

  // -- what the next write carries
  std::string pending_;
  std::uint32_t pending_credit_ = 0;
  std::int64_t pending_read_at_ = 0; // of its first batch that has one
  bool pending_is_live_ = true;      // all of it was just read

  // -- what the socket is taking now
  bool writing_ = false;
  std::uint32_t writing_credit_ = 0; // and what was held back before
  bool hold_credit_ = false;
  std::int64_t writing_read_at_ = 0;

  seq_t last_seq_ = 0;
  bool ended_ = false; // the terminal frame is in `pending_` or written
};

} // namespace parley::http
