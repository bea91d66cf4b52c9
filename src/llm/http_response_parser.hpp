// Reads one HTTP/1.x response from bytes in any pieces. No sockets here: every
// way of cutting a response gives the same head and the same body.
//
// Understands Content-Length, chunked bodies and bodies that end with the
// connection; skips 1xx; refuses what could be read in two ways (two different
// lengths, unknown transfer codings) and compressed bodies, which nobody asked
// for. The grammar is RFC 9112's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "chat/result.hpp"

namespace parley::llm {

// What is of use to a client of a language model.
struct response_head {
  int status = 0;
  std::string media_type;  // lower case, without parameters; empty: none
  std::string retry_after; // as it came; empty: none
  std::string date;        // as it came; empty: none
};

class http_response_parser {
public:
  // The status line and all fields, those of 1xx responses included.
  static constexpr std::size_t max_head_bytes = 64 * 1024;
  // Trailers, and the extensions of one chunk.
  static constexpr std::size_t max_trailer_bytes = 16 * 1024;

  // What a response is told to.
  class sink {
  public:
    virtual void on_head(const response_head& head) = 0;
    // A piece of the body, never empty; the view is into the bytes fed.
    virtual void on_body(std::string_view bytes) = 0;

  protected:
    ~sink() = default;
  };

  // Takes the next bytes. Fails with errc::upstream_protocol, then and ever
  // after. Bytes behind the end of the response are not looked at, but the
  // connection cannot be used again.
  result<void> feed(std::string_view bytes, sink& to);

  // The connection has ended. True when that completes the response; false when
  // it was cut.
  bool finish() noexcept;

  [[nodiscard]] bool head_done() const noexcept {
    return state_ >= state::until_close;
  }
  [[nodiscard]] bool complete() const noexcept {
    return state_ == state::complete;
  }
  // Meaningful once complete.
  [[nodiscard]] bool reusable() const noexcept {
    return complete() && keep_alive_ && !surplus_;
  }

private:
  enum class state : std::uint8_t {
    head,
    // From here on the head is known.
    until_close,
    counted,
    chunk_size,
    chunk_extension,
    chunk_data,
    chunk_end,
    trailer,
    complete,
    failed,
  };

  // Framing fields of the head that is being read.
  struct framing {
    bool chunked = false;
    bool unknown_coding = false;
    bool compressed = false;
    bool contradiction = false;
    bool close = false;
    bool keep_alive = false;
    std::optional<std::uint64_t> length;
  };

  result<void> take_head(std::string_view& bytes, sink& to);
  result<void> read_head(std::string_view head, sink& to);
  static bool read_status(std::string_view line, int& status, int& minor);
  static bool read_field(std::string_view line, response_head& head,
                         framing& frame);
  result<void> begin_body(const response_head& head, int minor,
                          const framing& frame);
  bool take_whole_chunk(std::string_view& bytes, sink& to);
  result<void> take_chunked(std::string_view& bytes, sink& to);
  result<void> take_size(std::string_view& bytes);
  result<void> take_trailer(std::string_view& bytes);
  void take_data(std::string_view& bytes, sink& to);
  tl::unexpected<error> broken(std::string_view what);

  state state_ = state::head;
  bool keep_alive_ = false;
  bool surplus_ = false;
  bool size_begun_ = false;    // a digit of the chunk's size was read
  bool line_empty_ = true;     // of a trailer line so far
  std::uint64_t left_ = 0;     // of the body or the chunk
  std::size_t overhead_ = 0;   // extension or trailer bytes
  std::size_t head_bytes_ = 0; // of heads that were read whole
  std::string head_;           // begun in an earlier piece
};

} // namespace parley::llm
