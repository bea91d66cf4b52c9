#include "support/token.hpp"

#include <charconv>

namespace parley::bench {

namespace {

void write_digits(std::span<char> out, std::uint64_t value) {
  for (auto i = out.size(); i-- > 0; value /= 10)
    out[i] = static_cast<char>('0' + value % 10);
}

template <class Integer>
bool read_digits(std::string_view text, Integer& value) {
  const auto* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, value);
  return parsed.ec == std::errc{} && parsed.ptr == end;
}

} // namespace

void write_token(std::span<char, token_bytes> out, std::uint32_t index,
                 std::int64_t sent_us) {
  out[0] = '~';
  write_digits(out.subspan(1, 7), index);
  out[8] = '.';
  write_digits(out.subspan(9, 14), static_cast<std::uint64_t>(sent_us));
  out[23] = ' ';
}

void write_accept_stamp(std::span<char, accept_stamp_bytes> out,
                        std::int64_t accepted_us) {
  out[0] = '@';
  write_digits(out.subspan(1), static_cast<std::uint64_t>(accepted_us));
}

bool token_reader::read_stamp(std::string_view text) {
  return read_digits(text.substr(1, accept_stamp_bytes - 1), accepted_us_);
}

bool token_reader::read_token(std::string_view text, token& value) {
  return text[0] == '~' && text[8] == '.' && text[23] == ' '
         && read_digits(text.substr(1, 7), value.index)
         && read_digits(text.substr(9, 14), value.sent_us);
}

} // namespace parley::bench
