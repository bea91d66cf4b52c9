// An incremental reader for HTTP/1.1 messages, as little of it as programs
// need that only ever talk to each other and to the servers under test.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

namespace parley::bench {

/// Reads one message after the other: Content-Length and chunked bodies. A
/// message with neither has no body.
class http_reader {
public:
  enum class state {
    head,
    sized_body,
    chunk_size,
    chunk_data,
    chunk_end,
    trailer,
    complete,
    failed,
  };

  /// Takes bytes up to the end of the current message at most, hands the
  /// pieces of its body to `on_body(std::string_view)` and returns how many
  /// bytes it took.
  template <class OnBody>
  std::size_t consume(std::string_view in, OnBody&& on_body) {
    std::size_t position = 0;
    while (position < in.size() && !finished()) {
      const auto rest = in.substr(position);
      if (state_ == state::sized_body || state_ == state::chunk_data) {
        const auto piece = rest.substr(0, left_);
        left_ -= piece.size();
        position += piece.size();
        if (left_ == 0)
          state_ =
            state_ == state::sized_body ? state::complete : state::chunk_end;
        on_body(piece);
      } else {
        position += state_ == state::head ? take_head(rest) : take_line(rest);
      }
    }
    return position;
  }

  bool head_complete() const {
    return state_ != state::head && state_ != state::failed;
  }

  bool complete() const {
    return state_ == state::complete;
  }

  bool failed() const {
    return state_ == state::failed;
  }

  /// The start line and headers in lower case; valid until `reset`.
  const std::string& head() const {
    return head_;
  }

  /// A response's status code, 0 before its head is complete.
  int status() const;

  /// Makes ready for the next message on the connection.
  void reset();

private:
  bool finished() const {
    return state_ == state::complete || state_ == state::failed;
  }

  std::size_t take_head(std::string_view in);
  std::size_t take_line(std::string_view in);
  void on_head();
  void on_line(std::string_view line);

  state state_ = state::head;
  std::size_t left_ = 0;
  std::string head_;
  std::string line_;
};

} // namespace parley::bench
