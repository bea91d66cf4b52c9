// A connection's output: answers and event streams become bytes.
#include <array>
#include <cassert>
#include <charconv>

#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/socket_base.hpp>

#include "http/connection.hpp"
#include "http/connection_guard.hpp"
#include "http/stream_handle.hpp"

namespace parley::http {

namespace asio = boost::asio;

namespace {

// A client that reads slowly but steadily gets sse.write-timeout for each of
// these, not for an answer of any size.
constexpr std::size_t bytes_per_write_timeout = 64 * 1024;

constexpr std::string_view last_chunk = "0\r\n\r\n";

} // namespace

answer_surroundings connection::surroundings(bool keep_alive) {
  return {core_->cors, loop_.http_date(), core_->settings.http.compress_json,
          keep_alive};
}

bool connection::can_keep_alive() const noexcept {
  return context_->keep_alive && !loop_.draining;
}

// -- plain answers -----------------------------------------------------------

void connection::respond(response what) {
  if (phase_ != phase::answering)
    return;
  answer(std::move(what));
  if (processing_)
    return; // process() sends and goes on
  flush();
  resume();
}

void connection::fail(const error& what) {
  if (phase_ != phase::answering)
    return;
  refusal why;
  why.what = what;
  respond(to_response(why, context_->shape, context_->request_id));
}

void connection::answer(response what) {
  const auto status = what.status;
  const bool keep_alive = can_keep_alive();
  append_answer(out_, std::move(what), *context_, surroundings(keep_alive));
  answered(status, keep_alive);
}

void connection::answer_options(std::string_view allow,
                                std::optional<std::string_view> requested) {
  const bool keep_alive = can_keep_alive();
  append_options_answer(out_, allow, requested, *context_,
                        surroundings(keep_alive));
  answered(204, keep_alive);
}

void connection::answered(int status, bool keep_alive) {
  if (status >= 500)
    core_->metrics.responses_5xx->inc();
  log_request(status);
  context_.reset();
  incoming_.reset();
  exchange_.reset();
  served_ = true;
  transition(keep_alive ? phase::waiting : phase::closing);
  read_deadline_ = clock::now() + core_->settings.http.keep_alive_timeout;
}

// -- event streams -----------------------------------------------------------

std::shared_ptr<event_stream>
connection::begin_event_stream(const header_list& extra_headers) {
  auto stream = std::make_shared<stream_handle>(shared_from_this());
  if (phase_ != phase::answering) {
    // The answer goes nowhere; whoever holds the stream is told in a moment.
    post_call([stream] { stream->notify_gone(); });
    return stream;
  }
  auto around = surroundings(can_keep_alive() && context_->version == 11);
  around.compress = core_->settings.http.compress_sse;
  const auto coding = around.compress && context_->accepts_gzip
                        ? stream_coding::gzip
                        : stream_coding::identity;
  append_stream_head(out_, extra_headers, coding, *context_, around);
  if (context_->method == method::head) {
    answered(200, around.keep_alive);
    post_call([stream] { stream->notify_gone(); });
    schedule_flush();
    return stream;
  }
  if (coding == stream_coding::gzip)
    stream_coder_ = std::make_unique<gzip_stream>();
  stream_ = stream;
  exchange_.reset();
  stream_is_chunked_ = context_->version == 11;
  stream_keeps_alive_ = around.keep_alive;
  transition(phase::streaming);
  last_write_ = clock::now();
  schedule_flush();
  if (half_closed_)
    watch_for_reset(); // that the head brings, if the client is gone
  else
    watch_input();
  arm_timer();
  return stream;
}

void connection::write_stream(std::string frames,
                              std::function<void()> on_written) {
  if (phase_ != phase::streaming)
    return;
  assert(!on_written_ && "one write at a time");
  push_chunk(std::move(frames));
  on_written_ = std::move(on_written);
  send_soon();
}

void connection::finish_stream(std::string last_frames) {
  if (phase_ != phase::streaming)
    return;
  push_chunk(std::move(last_frames));
  if (stream_coder_) {
    const auto rest = stream_coder_->finish();
    stream_coder_.reset();
    push_chunk(rest);
  }
  if (stream_is_chunked_)
    out_.append(last_chunk);
  stream_.reset();
  transition(phase::finishing);
  send_soon();
}

void connection::abort_stream() {
  if (phase_ != phase::streaming)
    return;
  stream_.reset();
  boost::system::error_code ec;
  // Without chunks only a reset tells that the body is not complete.
  if (!stream_is_chunked_)
    socket_.set_option(asio::socket_base::linger{true, 0}, ec);
  close();
}

// One chunk of the body; a chunk of no bytes would be its end.
void connection::push_chunk(std::string frames) {
  if (stream_coder_)
    frames = stream_coder_->encode(frames);
  if (frames.empty())
    return;
  if (!stream_is_chunked_) {
    out_.push(std::move(frames));
    return;
  }
  std::array<char, 18> size;
  auto end =
    std::to_chars(size.data(), size.data() + 16, frames.size(), 16).ptr;
  *end++ = '\r';
  *end++ = '\n';
  out_.append({size.data(), static_cast<std::size_t>(end - size.data())});
  out_.push(std::move(frames));
  out_.append("\r\n");
}

// -- sending -----------------------------------------------------------------

// Sends when the caller has returned: with the head of a stream goes what is
// written at once.
void connection::schedule_flush() {
  if (flush_scheduled_ || processing_)
    return; // process() ends with a flush
  flush_scheduled_ = true;
  asio::post(loop_.context, [self = shared_from_this()] {
    self->flush_scheduled_ = false;
    self->guarded([&self] { self->flush(); });
  });
}

// Sends now, for a call from outside: what follows from it comes in a handler
// of its own, so that nothing calls back into the caller.
void connection::send_soon() {
  if (flush_scheduled_ || processing_ || !send_all())
    return;
  asio::post(loop_.context, [self = shared_from_this()] {
    self->guarded([&self] { self->on_flushed(); });
  });
}

void connection::flush() {
  if (!flush_scheduled_ && phase_ != phase::closed && send_all())
    on_flushed();
}

// True when all is with the kernel. False: a wait for room is under way, or
// the connection is closed.
bool connection::send_all() {
  while (!out_.empty()) {
    boost::system::error_code ec;
    const auto count = socket_.write_some(out_.front(), ec);
    if (ec == asio::error::would_block || ec == asio::error::try_again) {
      on_full();
      return false;
    }
    if (ec) {
      close();
      return false;
    }
    out_.consume(count);
    core_->metrics.http_bytes_sent->inc(static_cast<std::int64_t>(count));
    sent_since_deadline_ += count;
  }
  last_write_ = clock::now();
  sent_since_deadline_ = 0;
  if (std::exchange(write_deadline_, clock::time_point::max())
      != clock::time_point::max())
    arm_timer(); // heartbeats count again, from now
  return true;
}

// The client reads more slowly than we write.
void connection::on_full() {
  if (write_deadline_ == clock::time_point::max()
      || sent_since_deadline_ >= bytes_per_write_timeout) {
    write_deadline_ = clock::now() + core_->settings.sse.write_timeout;
    sent_since_deadline_ = 0;
  }
  flush_scheduled_ = true;
  socket_.async_wait(
    tcp_socket::wait_write,
    [self = shared_from_this()](const boost::system::error_code& ec) {
      self->flush_scheduled_ = false;
      if (!ec)
        self->guarded([&self] { self->flush(); });
    });
  arm_timer();
}

void connection::on_flushed() {
  if (!out_.empty() || flush_scheduled_)
    return; // more was written since
  if (auto written = std::exchange(on_written_, nullptr))
    written();
  if (!out_.empty() || flush_scheduled_)
    return; // the callback wrote or finished
  switch (phase_) {
  case phase::finishing:
    answered(200, stream_keeps_alive_ && !loop_.draining);
    on_flushed();
    break;
  case phase::closing:
    linger();
    break;
  case phase::waiting:
  case phase::reading:
    if (!processing_)
      resume();
    break;
  default:
    break;
  }
}

} // namespace parley::http
