// A connection's input: bytes become requests, requests find their handlers.
#include <algorithm>
#include <cassert>

#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>

#include "chat/utf8.hpp"
#include "http/connection.hpp"
#include "http/connection_guard.hpp"
#include "http/content_check.hpp"
#include "http/server_exchange.hpp"

namespace parley::http {

namespace asio = boost::asio;

namespace {

// What a client may send ahead while an earlier request is being answered.
// Beyond it the kernel's buffers, and then the client, have to wait.
constexpr std::size_t max_pipelined_bytes = 16 * 1024;
// Answers to pipelined requests are sent together up to here. A client that
// does not read them is not read from either.
constexpr std::size_t max_gathered_answer_bytes = 64 * 1024;

constexpr std::string_view continue_answer = "HTTP/1.1 100 Continue\r\n\r\n";
// Of a path, in the text of an error.
constexpr std::size_t max_quoted_path_bytes = 200;

constexpr std::string_view all_methods =
  "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";

std::string quoted(const std::string& path) {
  if (path.size() <= max_quoted_path_bytes)
    return path;
  return path.substr(0, utf8::boundary_before(path, max_quoted_path_bytes))
         + "…";
}

} // namespace

connection::incoming::incoming(std::uint64_t max_body_bytes)
  : assembler{max_body_bytes} {
}

bool connection::takes_requests() const noexcept {
  return (phase_ == phase::waiting || phase_ == phase::reading)
         && out_.bytes() < max_gathered_answer_bytes;
}

// -- reading -----------------------------------------------------------------

// One wait is under way nearly always: for requests, and to notice that the
// client is gone. It holds no buffer.
void connection::watch_input() {
  if (watching_ || half_closed_ || phase_ == phase::closed)
    return;
  if (!takes_requests() && input_.size() >= max_pipelined_bytes)
    return;
  watching_ = true;
  socket_.async_wait(
    tcp_socket::wait_read,
    [self = shared_from_this()](const boost::system::error_code& ec) {
      self->watching_ = false;
      if (!ec && self->phase_ != phase::closed)
        self->guarded([&self] { self->on_readable(); });
    });
}

void connection::watch_for_reset() {
  socket_.async_wait(
    tcp_socket::wait_error,
    [self = shared_from_this()](const boost::system::error_code& ec) {
      if (!ec)
        self->guarded([&self] { self->close(); });
    });
}

void connection::on_readable() {
  auto room = loop_.scratch.size();
  if (!takes_requests() && phase_ != phase::lingering) {
    room = std::min(room, max_pipelined_bytes
                            - std::min(max_pipelined_bytes, input_.size()));
    if (room == 0)
      return;
  }
  boost::system::error_code ec;
  const auto count =
    socket_.read_some(asio::buffer(loop_.scratch.data(), room), ec);
  if (ec == asio::error::would_block || ec == asio::error::try_again) {
    watch_input();
    return;
  }
  if (ec == asio::error::eof) {
    on_end_of_input();
    return;
  }
  if (ec) {
    close();
    return;
  }
  core_->metrics.http_bytes_received->inc(static_cast<std::int64_t>(count));
  if (phase_ == phase::lingering) {
    if (count >= linger_budget_) {
      close();
      return;
    }
    linger_budget_ -= count;
    watch_input();
    return;
  }
  input_.append(loop_.scratch.data(), count);
  starved_ = false;
  if (takes_requests())
    process();
  else
    watch_input();
}

// A client that sends no more may have closed its connection, or only its side
// of it. Sending tells: a closed one answers with a reset. Where nothing can be
// sent, before a plain answer, it counts as gone, as with nginx and Go.
void connection::on_end_of_input() {
  half_closed_ = true;
  switch (phase_) {
  case phase::answering:
    if (const auto owed = exchange_.lock())
      owed->notify_gone();
    break;
  case phase::streaming:
    watch_for_reset();
    send_heartbeat();
    break;
  case phase::lingering:
    close();
    break;
  default:
    resume();
  }
}

// -- requests ----------------------------------------------------------------

// Takes apart all that has come, as far as handlers answer at once.
void connection::process() {
  if (processing_ || phase_ == phase::closed)
    return;
  processing_ = true;
  std::size_t taken = 0;
  starved_ = false;
  while (takes_requests() && taken < input_.size() && !starved_)
    taken += advance(std::string_view{input_}.substr(taken));
  processing_ = false;
  if (phase_ == phase::closed)
    return;
  if (taken == input_.size())
    input_ = {}; // gives the memory back as well
  else
    input_.erase(0, taken);
  flush();
  resume();
}

std::size_t connection::advance(std::string_view bytes) {
  if (phase_ == phase::waiting) {
    // RFC 9112 §2.2: empty lines before a request are skipped.
    if (bytes.starts_with("\r\n"))
      return 2;
    if (bytes == "\r") {
      starved_ = true;
      return 0;
    }
    begin_request();
  }
  auto& assembler = incoming_->assembler;
  const auto before = assembler.now();
  const auto taken = assembler.feed(bytes);
  if (assembler.now() == request_assembler::state::head_done) {
    on_head(taken < bytes.size());
    if (!incoming_)
      return taken; // answered already
  }
  if (assembler.now() == request_assembler::state::refused)
    refuse(assembler.why());
  else if (assembler.now() == request_assembler::state::complete)
    dispatch();
  else if (assembler.now() == before)
    starved_ = true;
  return taken;
}

void connection::begin_request() {
  transition(phase::reading);
  incoming_ = std::make_unique<incoming>(core_->settings.limits.max_body_bytes);
  // The first request's time runs from the connection's beginning.
  if (served_)
    read_deadline_ = clock::now() + core_->settings.http.header_timeout;
}

// Decides what can be decided before the body is read.
void connection::on_head(bool body_is_here) {
  auto& assembler = incoming_->assembler;
  const auto& head = assembler.head();
  context_ = std::make_unique<answer_context>(make_context(head));
  context_->started = clock::now();
  if (context_->request_id.empty())
    context_->request_id = loop_.new_request_id();
  read_deadline_ = context_->started + core_->settings.http.body_timeout;
  choose_route(head);
  const bool waits =
    head.expects == expectation::continue_100 && head.has_body();
  // The client has not sent the body and need not.
  if (incoming_->early && (waits || head.expects == expectation::unknown)) {
    const auto why = std::move(*incoming_->early);
    refuse(why);
    return;
  }
  const bool keep = incoming_->match.route != nullptr
                    && incoming_->match.route->body == body_policy::json
                    && !incoming_->early;
  assembler.proceed(keep ? body_use::keep : body_use::discard);
  if (waits && !body_is_here
      && assembler.now() == request_assembler::state::body)
    out_.append(continue_answer);
}

void connection::choose_route(const request_head& head) {
  refusal why;
  if (head.expects == expectation::unknown) {
    why.what.code = errc::invalid_request;
    why.what.detail = "the only expectation taken is 100-continue";
    why.what.field = "Expect";
    why.status = 417;
    incoming_->early = std::move(why);
    return;
  }
  if (head.asterisk) {
    incoming_->allow = all_methods;
    return;
  }
  const auto asked = head.request.method;
  incoming_->match = core_->routes.match(
    asked == method::options ? method::other : asked, head.raw_path);
  auto& match = incoming_->match;
  if (match.route != nullptr) {
    context_->route = match.route->pattern;
    if (match.route->body == body_policy::json)
      incoming_->early = check_json_content(head.request);
  } else if (match.allow.empty()) {
    why.what.code = errc::route_not_found;
    why.what.detail = "there is nothing at " + quoted(head.request.path);
    incoming_->early = std::move(why);
  } else if (asked == method::options) {
    incoming_->allow = std::move(match.allow);
  } else {
    why.what.code = errc::method_not_allowed;
    why.what.detail = quoted(head.request.path) + " takes " + match.allow;
    why.headers.emplace_back("Allow", std::move(match.allow));
    incoming_->early = std::move(why);
  }
}

void connection::dispatch() {
  core_->metrics.requests->inc();
  transition(phase::answering);
  auto request = incoming_->assembler.take();
  if (incoming_->early) {
    const auto why = std::move(*incoming_->early);
    answer(to_response(why, context_->shape, context_->request_id));
    return;
  }
  if (!incoming_->allow.empty()) {
    std::optional<std::string_view> requested;
    if (request.header("origin")
        && request.header("access-control-request-method"))
      requested = request.header("access-control-request-headers").value_or("");
    answer_options(incoming_->allow, requested);
    return;
  }
  call_handler(std::move(request));
}

void connection::call_handler(http::request what) {
  what.id = context_->request_id;
  const auto& answers = incoming_->match.route->handler;
  auto owed =
    std::make_shared<server_exchange>(shared_from_this(), std::move(what),
                                      std::move(incoming_->match.parameters));
  exchange_ = owed;
  incoming_.reset();
  try {
    answers(std::move(owed));
  } catch (const std::exception& thrown) {
    core_->log.error("http.handler_failed",
                     {{"what", thrown.what()},
                      {"request", context_ ? context_->request_id : ""}});
    if (const auto still_owed = exchange_.lock())
      still_owed->fail(error{errc::internal, {}, {}, {}, {}});
  }
}

// Answers at once and closes: what follows in the input cannot be told apart,
// or is not wanted.
void connection::refuse(const refusal& why) {
  if (!context_) {
    context_ = std::make_unique<answer_context>(
      incoming_ ? make_context(incoming_->assembler.sketch())
                : make_context(head_sketch{}));
    context_->started = clock::now();
    if (context_->request_id.empty())
      context_->request_id = loop_.new_request_id();
  }
  core_->metrics.requests->inc();
  context_->keep_alive = false;
  transition(phase::answering);
  answer(to_response(why, context_->shape, context_->request_id));
}

// Goes on after whatever held the input up.
void connection::resume() {
  if (phase_ == phase::closed)
    return;
  const bool has_input = !input_.empty() && !starved_;
  if (takes_requests() && has_input) {
    if (!processing_)
      asio::post(loop_.context, [self = shared_from_this()] {
        self->guarded([&self] { self->process(); });
      });
  } else if (half_closed_ && phase_ == phase::reading && out_.empty()) {
    refuse(malformed("the request ends too early"));
    flush();
  } else if (half_closed_ && phase_ == phase::waiting && out_.empty()) {
    close();
  } else {
    watch_input();
  }
  arm_timer();
}

} // namespace parley::http
