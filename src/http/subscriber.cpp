#include "http/subscriber.hpp"

#include <chrono>
#include <random>
#include <utility>

#include "chat/limits.hpp"

namespace parley::http {

namespace {

// What upstream_report.read_at is compared with.
std::int64_t steady_now() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
           std::chrono::steady_clock::now().time_since_epoch())
    .count();
}

// Readers of a server that goes come back within so long, each at a moment of
// its own.
constexpr int min_return_ms = 500;
constexpr int max_return_ms = 4500;

std::string retry_later() {
  thread_local std::minstd_rand source{std::random_device{}()};
  std::uniform_int_distribution<int> when(min_return_ms, max_return_ms);
  return "retry: " + std::to_string(when(source)) + "\n\n";
}

std::string lost_text(errc code) {
  if (code == errc::node_lost)
    return "The node that runs this stream is gone. Read the stream again from "
           "the last frame to get the rest.";
  return "The stream ended unexpectedly inside the server. Read the stream "
         "again from the last frame to get the rest.";
}

} // namespace

event_format native_format(wire::sse_dialect dialect) {
  event_format result;
  if (dialect == wire::sse_dialect::native_with_ids) {
    result.preface = wire::sse_retry;
    result.farewell = retry_later;
  }
  result.encode = [dialect](std::string& out, const event& what) {
    wire::append_frame(out, what, dialect);
  };
  result.encode_unlogged = [](std::string& out, const event& what) {
    wire::append_frame(out, what, wire::sse_dialect::native);
  };
  return result;
}

header_list stream_headers(const stream_id& stream,
                           const conversation_id& conversation,
                           const message_id& answer) {
  return {{"X-Stream-Id", stream.str()},
          {"X-Conversation-Id", conversation.str()},
          {"X-Message-Id", answer.str()}};
}

header_list stream_headers(const actors::stream_opened& opened) {
  const auto& start = opened.start;
  auto result = stream_headers(start.stream, start.conversation, start.message);
  if (opened.replayed)
    result.emplace_back("Idempotent-Replayed", "true");
  return result;
}

subscriber::subscriber(const reader_services& services, exchange_ptr exchange,
                       event_format format)
  : stream_reader(services, exchange->loop(), exchange->loop_index()),
    exchange_(std::move(exchange)),
    format_(std::move(format)) {
}

// -- the head -----------------------------------------------------------------

void subscriber::on_opened(const actors::stream_opened& opened) {
  if (exchange_->gone()) {
    // The answer goes nowhere. The reader still comes, and leaves.
    exchange_->respond(no_content());
    exchange_ = nullptr;
    leave();
    return;
  }
  begin(stream_headers(opened));
}

void subscriber::on_subscribed(const actors::subscribed& subscribed) {
  if (stream_)
    return;
  const auto exchange = exchange_;
  if (subscribed.end_seen || exchange->gone()) {
    leave();
    exchange_ = nullptr;
    exchange->respond(no_content());
    return;
  }
  const auto& stream = subscribed.state;
  begin(stream_headers(stream.id, stream.conversation, stream.message));
}

// The exchange is let go of: it holds the request, which a stream that waits
// for tokens should not.
void subscriber::begin(header_list with) {
  stream_ =
    std::exchange(exchange_, nullptr)->begin_event_stream(std::move(with));
  stream_->on_gone([weak = weak_from_this()] {
    if (auto self = weak.lock()) {
      static_cast<subscriber&>(*self).stream_ = nullptr;
      self->leave();
    }
  });
  stream_->on_drain([weak = weak_from_this()] {
    if (auto self = weak.lock())
      static_cast<subscriber&>(*self).on_drain();
  });
  pending_ = format_.preface;
  flush();
}

// -- the body -----------------------------------------------------------------

void subscriber::on_events(const actors::events& batch) {
  if (ended_)
    return;
  for (const auto& item : batch.items) {
    format_.encode(pending_, item);
    if (const auto seq = seq_of(item); seq != 0)
      last_seq_ = seq;
    if (is_terminal(item)) {
      ended_ = true;
      break;
    }
  }
  ++pending_credit_;
  pending_is_live_ = pending_is_live_ && batch.read_at != 0;
  if (pending_read_at_ == 0)
    pending_read_at_ = batch.read_at;
  flush();
}

void subscriber::flush() {
  if (writing_ || !stream_)
    return;
  if (pending_.empty()) {
    // Batches without frames take no write.
    pending_is_live_ = true;
    grant(std::exchange(pending_credit_, 0));
    return;
  }
  if (ended_) {
    std::exchange(stream_, nullptr)->finish_with(std::exchange(pending_, {}));
    leave();
    return;
  }
  writing_ = true;
  writing_credit_ += std::exchange(pending_credit_, 0);
  // While tokens come one by one the session is told of every second: it has
  // credit for one more, and being told costs as much as a token.
  hold_credit_ = std::exchange(pending_is_live_, true)
                 && writing_credit_ < limits::reader_credit;
  writing_read_at_ = std::exchange(pending_read_at_, 0);
  stream_->write(std::exchange(pending_, {}), [self = shared_from_this()] {
    static_cast<subscriber&>(*self).written();
  });
}

void subscriber::written() {
  writing_ = false;
  if (!stream_)
    return;
  if (writing_read_at_ != 0)
    services().metrics.added_latency_token->observe(
      static_cast<double>(steady_now() - writing_read_at_) / 1e9);
  if (!hold_credit_)
    grant(std::exchange(writing_credit_, 0));
  flush();
}

// -- other ends ---------------------------------------------------------------

void subscriber::on_refused(const error& why) {
  if (exchange_) {
    std::exchange(exchange_, nullptr)->fail(why);
    return;
  }
  // Where its frames have begun, an owner that cannot be reached is a lost one.
  end_with(why.code == errc::node_unavailable ? errc::node_lost : why.code,
           why.detail.empty() ? std::string{info(why.code).title} : why.detail);
}

void subscriber::on_lost(errc code) {
  if (!ended_)
    end_with(code, lost_text(code));
}

// The stream lives on another node, or is read slowly; this server goes.
void subscriber::on_drain() {
  if (ended_)
    return;
  if (!format_.farewell)
    return end_with(errc::server_shutdown,
                    "This server is shutting down. Read the stream again from "
                    "the last frame to get the rest.");
  ended_ = true;
  pending_ += format_.farewell();
  flush();
}

// The log goes on without this reader: the frame's number is not one of it.
void subscriber::end_with(errc code, std::string text) {
  ended_ = true;
  format_.encode_unlogged(
    pending_, error_event{code, std::move(text), info(code).retryable,
                          limits::detached_seq + last_seq_});
  flush();
}

} // namespace parley::http
