// Bytes of a connection → one request. Knows nothing of sockets and clocks:
// however the bytes are split, the outcome is the same.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "http/request_head.hpp"

namespace parley::http {

enum class body_use : std::uint8_t { keep, discard };

class request_assembler {
public:
  enum class state : std::uint8_t {
    head,      // bytes of the head are missing
    head_done, // waits for `proceed`
    body,      // bytes of the body are missing
    complete,  // waits for `take`
    refused,   // `why` says what was wrong; takes no more bytes
  };

  explicit request_assembler(std::uint64_t max_body_bytes);

  // Takes bytes and returns how many; stops at the end of the head and at the
  // end of the request. What it leaves must be offered again, with more
  // behind it.
  [[nodiscard]] std::size_t feed(std::string_view bytes);

  [[nodiscard]] state now() const noexcept {
    return state_;
  }

  // From head_done on.
  [[nodiscard]] const request_head& head() const noexcept {
    return head_;
  }

  // In head_done: goes on to the body.
  void proceed(body_use use);

  // In complete: the request, once.
  [[nodiscard]] http::request take();

  [[nodiscard]] const refusal& why() const noexcept {
    return why_;
  }

  // What can be told so far where there is no head.
  [[nodiscard]] head_sketch sketch() const {
    return sketch_head(raw_head_);
  }

private:
  // Where the scan of the head stands, so that no byte is looked at twice.
  enum class scan : std::uint8_t { start, line_start, line, carriage_return };

  [[nodiscard]] std::size_t feed_head(std::string_view bytes);
  [[nodiscard]] std::size_t feed_body(std::string_view bytes);
  // Nullptr: the byte is fine.
  [[nodiscard]] const char* step(char byte);
  void finish_head();
  void refuse(refusal why);

  std::uint64_t max_body_bytes_;
  state state_ = state::head;
  scan scan_ = scan::start;
  bool line_is_empty_ = false;
  bool head_ended_ = false;
  std::string raw_head_;
  std::unique_ptr<body_parser> parser_;
  request_head head_;
  refusal why_;
};

} // namespace parley::http
