#include "http/connection.hpp"

#include <algorithm>
#include <cassert>

#include <boost/asio/post.hpp>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "http/connection_guard.hpp"
#include "http/server_exchange.hpp"
#include "http/stream_handle.hpp"

namespace parley::http {

namespace asio = boost::asio;

namespace {

// After the last answer the client gets this long, and may send this much, so
// that it reads the answer before a reset can overtake it (RFC 9112 §9.6).
constexpr std::chrono::seconds linger_timeout{3};
constexpr std::size_t linger_bytes = 8 * 1024 * 1024;

// TCP's own probes: a silent peer is given up after 60 + 4 · 15 s.
constexpr int keep_alive_idle_seconds = 60;
constexpr int keep_alive_interval_seconds = 15;
constexpr int keep_alive_probes = 4;
// How much later than sse.write-timeout TCP gives up bytes that are not
// acknowledged. Without it a heartbeat to a peer that vanished is repeated for
// a quarter of an hour.
constexpr std::chrono::seconds user_timeout_slack{5};

void set_option(int socket, int level, int name, int value) {
  // Failing is harmless: the option only sharpens what the kernel does anyway.
  (void)::setsockopt(socket, level, name, &value, sizeof value);
}

void configure(tcp_socket& socket, std::chrono::milliseconds write_timeout) {
  boost::system::error_code ec;
  socket.non_blocking(true, ec);
  const auto handle = socket.native_handle();
  set_option(handle, IPPROTO_TCP, TCP_NODELAY, 1);
  set_option(handle, SOL_SOCKET, SO_KEEPALIVE, 1);
  set_option(handle, IPPROTO_TCP, TCP_KEEPIDLE, keep_alive_idle_seconds);
  set_option(handle, IPPROTO_TCP, TCP_KEEPINTVL, keep_alive_interval_seconds);
  set_option(handle, IPPROTO_TCP, TCP_KEEPCNT, keep_alive_probes);
  set_option(handle, IPPROTO_TCP, TCP_USER_TIMEOUT,
             static_cast<int>((write_timeout + user_timeout_slack).count()));
}

} // namespace

connection::connection(std::shared_ptr<server_core> core, loop_record& loop,
                       tcp_socket socket)
  : core_{std::move(core)},
    loop_{loop},
    socket_{std::move(socket)},
    timer_{socket_.get_executor()} {
}

connection::~connection() = default;

// -- life --------------------------------------------------------------------

void connection::transition(phase next) noexcept {
  assert(phase_ != phase::closed && "closed is for ever");
  phase_ = next;
}

void connection::open(phase first) {
  configure(socket_, core_->settings.sse.write_timeout);
  loop_.connections.insert(shared_from_this());
  transition(first);
  last_write_ = clock::now();
  read_deadline_ = last_write_ + core_->settings.http.header_timeout;
}

void connection::start() {
  open(phase::waiting);
  // Most clients send with their first packets: try before waiting.
  guarded([this] { on_readable(); });
  arm_timer();
}

void connection::start_refusing() {
  open(phase::waiting);
  refusal why;
  why.what.code = errc::overloaded;
  why.what.detail =
    "the server has as many connections as http.max-connections allows";
  refuse(why);
  flush();
  arm_timer();
}

void connection::drain() {
  if (phase_ == phase::streaming)
    if (auto stream = stream_.lock())
      post_call([stream] { stream->notify_drain(); });
  if (phase_ != phase::waiting)
    return;
  if (out_.empty())
    close();
  else
    transition(phase::closing);
}

void connection::close() {
  if (phase_ == phase::closed)
    return;
  if (phase_ == phase::answering)
    log_request(499);
  else if (phase_ == phase::streaming || phase_ == phase::finishing)
    log_request(200);
  transition(phase::closed);
  boost::system::error_code ec;
  timer_.cancel();
  socket_.close(ec);
  on_written_ = nullptr;
  asio::post(loop_.context, [self = shared_from_this()] { self->retire(); });
}

// The second half of close, in a handler of its own: `close` may be called from
// inside a user's call, or while the loop's connections are gone through.
void connection::retire() {
  if (const auto stream = stream_.lock())
    guarded([&stream] { stream->notify_gone(); });
  if (const auto owed = exchange_.lock())
    guarded([&owed] { owed->notify_gone(); });
  if (actor_) {
    actor_->end();
    actor_ = {};
  }
  input_ = {};
  out_ = {};
  incoming_.reset();
  context_.reset();
  stream_coder_.reset();
  loop_.connections.erase(shared_from_this());
  core_->connection_closed();
}

// All is sent: shuts our side and waits for the client's end.
void connection::linger() {
  boost::system::error_code ec;
  socket_.shutdown(tcp_socket::shutdown_send, ec);
  if (ec || half_closed_) {
    close();
    return;
  }
  transition(phase::lingering);
  input_ = {};
  incoming_.reset();
  linger_budget_ = linger_bytes;
  read_deadline_ = clock::now() + linger_timeout;
  watch_input();
  arm_timer();
}

runtime::companion& connection::actor() {
  if (!actor_)
    actor_ = runtime::make_companion(core_->system, loop_.context);
  return *actor_;
}

bool connection::client_is_gone() const noexcept {
  return phase_ == phase::closed;
}

void connection::post_call(std::function<void()> call) {
  asio::post(loop_.context, [self = shared_from_this(),
                             call = std::move(call)] { self->guarded(call); });
}

void connection::log_request(int status) const {
  if (!context_)
    return;
  const auto took = clock::now() - context_->started;
  core_->log.info(
    "http.request",
    {{"method", method_name(context_->method)},
     {"route", context_->route.empty() ? "-" : context_->route},
     {"status", status},
     {"ms", std::chrono::duration<double, std::milli>(took).count()},
     {"request", context_->request_id}});
}

// -- time-outs ---------------------------------------------------------------

// One timer for all time-outs. It is moved only to an earlier time; where a
// deadline was put off, it fires in vain and looks again.
connection::clock::time_point connection::next_deadline() const noexcept {
  auto result = write_deadline_;
  if (phase_ == phase::waiting || phase_ == phase::reading
      || phase_ == phase::lingering)
    result = std::min(result, read_deadline_);
  if (phase_ == phase::streaming && write_deadline_ == clock::time_point::max())
    result = std::min(result, last_write_ + core_->settings.sse.heartbeat);
  return result;
}

void connection::arm_timer() {
  if (phase_ == phase::closed)
    return;
  const auto deadline = next_deadline();
  if (deadline >= armed_for_)
    return;
  armed_for_ = deadline;
  timer_.expires_at(deadline);
  timer_.async_wait(
    [self = shared_from_this()](const boost::system::error_code& ec) {
      if (ec || self->phase_ == phase::closed)
        return;
      self->armed_for_ = clock::time_point::max();
      self->guarded([&self] { self->on_timer(); });
    });
}

void connection::on_timer() {
  const auto now = clock::now();
  if (now >= write_deadline_) {
    core_->log.info("http.write_timeout");
    close();
    return;
  }
  const bool reads = phase_ == phase::waiting || phase_ == phase::reading
                     || phase_ == phase::lingering;
  if (reads && now >= read_deadline_)
    on_read_timeout();
  else if (phase_ == phase::streaming
           && now >= last_write_ + core_->settings.sse.heartbeat)
    send_heartbeat();
  arm_timer();
}

void connection::on_read_timeout() {
  if (phase_ == phase::lingering || (phase_ == phase::waiting && served_)) {
    close();
    return;
  }
  refusal why;
  why.what.code = errc::request_timeout;
  const bool in_body =
    incoming_ && incoming_->assembler.now() == request_assembler::state::body;
  why.what.detail =
    in_body ? "the body did not come within http.body-timeout"
            : "the request's head did not come within http.header-timeout";
  refuse(why);
  flush();
}

void connection::send_heartbeat() {
  if (out_.empty())
    push_chunk(": ping\n\n");
  flush();
}

} // namespace parley::http
