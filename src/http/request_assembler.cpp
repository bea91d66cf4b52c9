#include "http/request_assembler.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

#include "chat/limits.hpp"
#include "http/text.hpp"

namespace parley::http {

namespace {

// One line of a chunked body, or all its trailers.
constexpr std::size_t max_unparsed_body_bytes = limits::max_header_bytes;

refusal too_large_body(std::uint64_t limit) {
  refusal result;
  result.what.code = errc::body_too_large;
  result.what.detail = "the body has more than " + std::to_string(limit)
                       + " bytes (limits.max-body-bytes)";
  return result;
}

refusal too_large_head() {
  refusal result;
  result.what.code = errc::header_too_large;
  result.what.detail = "the request line and headers have more than "
                       + std::to_string(limits::max_header_bytes) + " bytes";
  return result;
}

} // namespace

request_assembler::request_assembler(std::uint64_t max_body_bytes)
  : max_body_bytes_{max_body_bytes} {
}

std::size_t request_assembler::feed(std::string_view bytes) {
  switch (state_) {
  case state::head:
    return feed_head(bytes);
  case state::body:
    return feed_body(bytes);
  default:
    return 0;
  }
}

// Bare line feeds and carriage returns, folded lines and control characters are
// where parsers disagree (RFC 9112 §11); none is taken.
const char* request_assembler::step(char byte) {
  switch (scan_) {
  case scan::start:
    // Refused at once: a client that speaks TLS, say, sends no line end and
    // would wait for the time-out.
    if (!is_token_char(byte))
      return "the request does not begin with a method";
    scan_ = scan::line;
    return nullptr;
  case scan::carriage_return:
    if (byte != '\n')
      return "there is a carriage return without a line feed";
    head_ended_ = line_is_empty_;
    scan_ = scan::line_start;
    return nullptr;
  case scan::line_start:
    if (byte == ' ' || byte == '\t')
      return "a header is folded over two lines";
    [[fallthrough]];
  case scan::line:
    if (byte == '\r') {
      line_is_empty_ = scan_ == scan::line_start;
      scan_ = scan::carriage_return;
      return nullptr;
    }
    if (byte == '\n')
      return "there is a line feed without a carriage return";
    if ((static_cast<unsigned char>(byte) < 0x20 && byte != '\t')
        || byte == '\x7f')
      return "there is a control character in the head";
    scan_ = scan::line;
    return nullptr;
  }
  return nullptr;
}

std::size_t request_assembler::feed_head(std::string_view bytes) {
  std::size_t taken = 0;
  const char* wrong = nullptr;
  const auto room = limits::max_header_bytes - raw_head_.size();
  while (taken < bytes.size() && taken < room && !head_ended_ && !wrong)
    wrong = step(bytes[taken++]);
  raw_head_ += bytes.substr(0, taken);
  if (wrong)
    refuse(malformed(wrong));
  else if (head_ended_)
    finish_head();
  else if (raw_head_.size() >= limits::max_header_bytes)
    refuse(too_large_head());
  return taken;
}

void request_assembler::finish_head() {
  parser_ = std::make_unique<body_parser>();
  auto head = parse_request_head(raw_head_, *parser_);
  if (!head) {
    refuse(std::move(head.error()));
    return;
  }
  raw_head_ = {};
  head_ = std::move(*head);
  state_ = state::head_done;
}

void request_assembler::proceed(body_use use) {
  assert(state_ == state::head_done);
  if (head_.content_length > max_body_bytes_) {
    refuse(too_large_body(max_body_bytes_));
    return;
  }
  parser_->get().body().discard = use == body_use::discard;
  parser_->body_limit(max_body_bytes_);
  parser_->eager(true);
  state_ = parser_->is_done() ? state::complete : state::body;
}

std::size_t request_assembler::feed_body(std::string_view bytes) {
  boost::beast::error_code ec;
  const auto taken =
    parser_->put(boost::asio::buffer(bytes.data(), bytes.size()), ec);
  if (ec == boost::beast::http::error::body_limit)
    refuse(too_large_body(max_body_bytes_));
  else if (ec && ec != boost::beast::http::error::need_more)
    refuse(malformed("the body is not well-formed: " + ec.message()));
  else if (parser_->is_done())
    state_ = state::complete;
  else if (bytes.size() - taken > max_unparsed_body_bytes)
    refuse(malformed("a line of the chunked body is too long"));
  return taken;
}

request request_assembler::take() {
  assert(state_ == state::complete);
  auto result = std::move(head_.request);
  result.body = std::move(parser_->get().body().bytes);
  parser_.reset();
  return result;
}

void request_assembler::refuse(refusal why) {
  why_ = std::move(why);
  state_ = state::refused;
}

} // namespace parley::http
