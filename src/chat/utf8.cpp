#include "chat/utf8.hpp"

#include <algorithm>
#include <cstring>

namespace parley::utf8 {

namespace {

constexpr std::uint64_t high_bits = 0x8080808080808080;
constexpr std::uint64_t low_bits = 0x0101010101010101;

std::uint64_t word_at(std::string_view text, std::size_t at) noexcept {
  std::uint64_t word;
  std::memcpy(&word, text.data() + at, sizeof word);
  return word;
}

unsigned char byte_at(std::string_view text, std::size_t at) noexcept {
  return static_cast<unsigned char>(text[at]);
}

bool is_continuation(unsigned char byte) noexcept {
  return (byte & 0xC0) == 0x80;
}

// Bytes of ASCII from `at` on, eight at a time.
std::size_t skip_ascii(std::string_view text, std::size_t at) noexcept {
  while (at + 8 <= text.size() && (word_at(text, at) & high_bits) == 0)
    at += 8;
  while (at < text.size() && byte_at(text, at) < 0x80)
    ++at;
  return at;
}

struct step {
  std::size_t bytes; // of the sequence, or of its longest well-formed beginning
  bool valid;
};

// Reads one sequence at `at`. The bounds of the second byte are those of
// Unicode's table 3-7; a broken sequence ends before the byte that breaks it,
// which is also where the WHATWG decoder goes on.
step read_sequence(std::string_view text, std::size_t at) noexcept {
  const auto first = byte_at(text, at);
  if (first < 0x80)
    return {1, true};
  if (first < 0xC2 || first > 0xF4)
    return {1, false};
  const std::size_t size = first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
  unsigned char low = 0x80;
  unsigned char high = 0xBF;
  if (first == 0xE0)
    low = 0xA0;
  else if (first == 0xED)
    high = 0x9F;
  else if (first == 0xF0)
    low = 0x90;
  else if (first == 0xF4)
    high = 0x8F;
  for (std::size_t i = 1; i < size; ++i) {
    if (at + i >= text.size())
      return {i, false};
    const auto byte = byte_at(text, at + i);
    if (byte < low || byte > high)
      return {i, false};
    low = 0x80;
    high = 0xBF;
  }
  return {size, true};
}

} // namespace

bool is_valid(std::string_view text) noexcept {
  std::size_t at = 0;
  for (;;) {
    at = skip_ascii(text, at);
    // Text beyond ASCII comes in runs: look for ASCII again only behind them.
    while (at < text.size() && byte_at(text, at) >= 0x80) {
      const auto [bytes, valid] = read_sequence(text, at);
      if (!valid)
        return false;
      at += bytes;
    }
    if (at >= text.size())
      return true;
  }
}

std::uint64_t length(std::string_view text) noexcept {
  std::uint64_t count = 0;
  std::size_t at = 0;
  // Eight bytes at a time: each lane of `sums` counts those of its column that
  // begin a code point, and is emptied before it can overflow.
  while (at + 8 <= text.size()) {
    constexpr std::size_t max_words = 255;
    const auto words = std::min(max_words, (text.size() - at) / 8);
    std::uint64_t sums = 0;
    for (std::size_t i = 0; i < words; ++i, at += 8) {
      const auto word = word_at(text, at);
      sums += (~word >> 7 | word >> 6) & low_bits;
    }
    // Neighbouring lanes are paired, so that their total fits sixteen bits.
    constexpr std::uint64_t even_lanes = 0x00FF00FF00FF00FF;
    constexpr std::uint64_t add_up = 0x0001000100010001;
    const auto pairs = (sums & even_lanes) + (sums >> 8 & even_lanes);
    count += pairs * add_up >> 48;
  }
  for (; at < text.size(); ++at)
    count += is_continuation(byte_at(text, at)) ? 0 : 1;
  return count;
}

std::size_t prefix_bytes(std::string_view text, std::uint64_t count) noexcept {
  // Every code point has at least a byte: take that many bytes, count what is
  // still missing, and go on. A round leaves at most three quarters missing.
  std::size_t at = 0;
  while (count > 0 && at < text.size()) {
    const auto bytes = static_cast<std::size_t>(
      std::min<std::uint64_t>(count, text.size() - at));
    count -= length(text.substr(at, bytes));
    at += bytes;
  }
  while (at < text.size() && is_continuation(byte_at(text, at)))
    ++at;
  return at;
}

std::size_t boundary_before(std::string_view text, std::size_t at) noexcept {
  if (at >= text.size())
    return text.size();
  while (at > 0 && is_continuation(byte_at(text, at)))
    --at;
  return at;
}

std::string to_valid(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  std::size_t begin = 0;
  std::size_t at = 0;
  while (at < text.size()) {
    const auto [bytes, valid] = read_sequence(text, at);
    if (!valid) {
      out += text.substr(begin, at - begin);
      out += "\xEF\xBF\xBD";
      begin = at + bytes;
    }
    at += bytes;
  }
  out += text.substr(begin);
  return out;
}

} // namespace parley::utf8
