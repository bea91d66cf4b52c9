// The text of a token, as the mock upstream writes it and the load client
// reads it back from whatever frames the system under test makes of it:
//
//   ~iiiiiii.tttttttttttttt      index from 0, then microseconds of
//                                CLOCK_MONOTONIC when it was sent, and a
//                                space: 24 bytes
//   @aaaaaaaaaaaaaa              before the first token only: when the
//                                upstream had read the whole request: 15 bytes
//
// The index shows a token that was lost, doubled or moved. Nothing in it needs
// escaping in JSON, and the width never changes, so that relays may join texts
// as they like.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace parley::bench {

inline constexpr std::size_t token_bytes = 24;
inline constexpr std::size_t accept_stamp_bytes = 15;

void write_token(std::span<char, token_bytes> out, std::uint32_t index,
                 std::int64_t sent_us);

void write_accept_stamp(std::span<char, accept_stamp_bytes> out,
                        std::int64_t accepted_us);

struct token {
  std::uint32_t index = 0;
  std::int64_t sent_us = 0;
};

/// Takes the text of one answer piece by piece, cut anywhere.
class token_reader {
public:
  template <class OnToken>
  void feed(std::string_view text, OnToken&& on_token) {
    std::string joined;
    if (!rest_.empty()) {
      rest_.append(text);
      joined.swap(rest_);
      text = joined;
    }
    while (!text.empty()) {
      const auto size = text.front() == '@' ? accept_stamp_bytes : token_bytes;
      if (text.size() < size) {
        rest_.assign(text);
        return;
      }
      token value;
      if (text.front() == '@' ? read_stamp(text) : read_token(text, value)) {
        if (text.front() == '~')
          on_token(value);
      } else {
        // Words that are not ours: nothing after them can be trusted.
        garbage_bytes_ += text.size();
        return;
      }
      text.remove_prefix(size);
    }
  }

  /// 0 until it was read.
  std::int64_t accepted_us() const {
    return accepted_us_;
  }

  std::size_t garbage_bytes() const {
    return garbage_bytes_ + rest_.size();
  }

private:
  bool read_stamp(std::string_view text);
  static bool read_token(std::string_view text, token& value);

  std::string rest_;
  std::int64_t accepted_us_ = 0;
  std::size_t garbage_bytes_ = 0;
};

} // namespace parley::bench
