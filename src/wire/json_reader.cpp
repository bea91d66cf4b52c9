#include "wire/json_reader.hpp"

#include <algorithm>
#include <charconv>

#include "chat/limits.hpp"
#include "chat/utf8.hpp"
#include "wire/byte_mask.hpp"

namespace parley::wire {

namespace {

constexpr double max_count = 0x1p53;

// Offset of the next quote or backslash, or the size.
std::size_t string_run(std::string_view text, std::size_t at) {
  for (; at + 8 <= text.size(); at += 8) {
    const auto word = load_word(text, at);
    const auto found = mask_equal(word, '"') | mask_equal(word, '\\');
    if (found != 0)
      return at + first_of(found);
  }
  while (at < text.size() && text[at] != '"' && text[at] != '\\')
    ++at;
  return at;
}

void append_utf8(std::string& out, std::uint32_t point) {
  const auto put = [&out](std::uint32_t byte) {
    out += static_cast<char>(byte);
  };
  const auto tail = [&put, point](int shift) {
    put(0x80 | (point >> shift & 0x3F));
  };
  if (point < 0x80) {
    put(point);
  } else if (point < 0x800) {
    put(0xC0 | point >> 6);
    tail(0);
  } else if (point < 0x10000) {
    put(0xE0 | point >> 12);
    tail(6);
    tail(0);
  } else {
    put(0xF0 | point >> 18);
    tail(12);
    tail(6);
    tail(0);
  }
}

constexpr std::uint32_t replacement = 0xFFFD;

bool is_number_char(char c) {
  return (c >= '0' && c <= '9') || c == '-' || c == '+' || c == '.' || c == 'e'
         || c == 'E';
}

bool is_high_surrogate(std::uint32_t x) {
  return x >= 0xD800 && x < 0xDC00;
}

bool is_low_surrogate(std::uint32_t x) {
  return x >= 0xDC00 && x < 0xE000;
}

} // namespace

bool json_reader::fail() {
  ok_ = false;
  at_ = text_.size();
  return false;
}

json_reader::kind json_reader::peek() {
  skip_blanks();
  if (at_ >= text_.size())
    return kind::none;
  switch (text_[at_]) {
  case '{':
    return kind::object;
  case '[':
    return kind::array;
  case '"':
    return kind::string;
  case 't':
  case 'f':
    return kind::boolean;
  case 'n':
    return kind::null;
  default:
    return text_[at_] == '-' || (text_[at_] >= '0' && text_[at_] <= '9')
             ? kind::number
             : kind::none;
  }
}

bool json_reader::enter_object() {
  first_ = true;
  return consume('{') || fail();
}

bool json_reader::next_member(std::string_view& name) {
  if (!ok_)
    return false;
  if (consume('}')) {
    first_ = false;
    return false;
  }
  if (!first_ && !consume(','))
    return fail();
  first_ = false;
  if (peek() != kind::string)
    return fail();
  const auto begin = at_ + 1;
  const auto end = string_run(text_, begin);
  if (end < text_.size() && text_[end] == '"') {
    name = text_.substr(begin, end - begin);
    at_ = end + 1;
  } else {
    name_.clear();
    if (!read_string(name_))
      return false;
    name = name_;
  }
  return consume(':') || fail();
}

bool json_reader::enter_array() {
  first_ = true;
  return consume('[') || fail();
}

bool json_reader::next_element() {
  if (!ok_)
    return false;
  if (consume(']')) {
    first_ = false;
    return false;
  }
  if (!first_ && !consume(','))
    return fail();
  first_ = false;
  return peek() != kind::none || fail();
}

bool json_reader::read_string(std::string& out) {
  if (!consume('"'))
    return fail();
  const auto begin = out.size();
  for (;;) {
    const auto end = string_run(text_, at_);
    out.append(text_.data() + at_, end - at_);
    if (end >= text_.size())
      return fail();
    at_ = end + 1;
    if (text_[end] == '"')
      break;
    if (!read_escape(out))
      return fail();
  }
  first_ = false;
  if (const auto added = std::string_view{out}.substr(begin);
      !utf8::is_valid(added))
    out.replace(begin, std::string::npos, utf8::to_valid(added));
  return true;
}

bool json_reader::read_escape(std::string& out) {
  if (at_ >= text_.size())
    return false;
  const char c = text_[at_++];
  constexpr std::string_view letters = "\"\\/bfnrt";
  constexpr std::string_view meanings = "\"\\/\b\f\n\r\t";
  if (const auto found = letters.find(c); found != std::string_view::npos) {
    out += meanings[found];
    return true;
  }
  std::uint32_t point = 0;
  if (c != 'u' || !read_hex(point))
    return false;
  if (is_high_surrogate(point)) {
    const auto behind = at_;
    std::uint32_t low = 0;
    const bool is_pair = text_.substr(at_, 2) == "\\u"
                         && (at_ += 2, read_hex(low)) && is_low_surrogate(low);
    if (is_pair)
      point = 0x10000 + ((point - 0xD800) << 10) + (low - 0xDC00);
    else
      at_ = behind; // what follows is read for itself
  }
  const bool is_half = is_high_surrogate(point) || is_low_surrogate(point);
  append_utf8(out, is_half ? replacement : point);
  return true;
}

bool json_reader::read_hex(std::uint32_t& out) {
  const auto digits = text_.substr(at_, 4);
  const auto [end, error] =
    std::from_chars(digits.data(), digits.data() + digits.size(), out, 16);
  if (digits.size() != 4 || error != std::errc{}
      || end != digits.data() + digits.size())
    return false;
  at_ += 4;
  return true;
}

bool json_reader::read_count(std::uint64_t& out) {
  if (peek() != kind::number)
    return fail();
  const auto begin = at_;
  if (!skip_scalar())
    return false;
  double value = 0;
  const auto digits = text_.substr(begin, at_ - begin);
  const auto [end, error] =
    std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (end != digits.data() + digits.size())
    return fail();
  if (error == std::errc::result_out_of_range)
    value = 0;
  out = static_cast<std::uint64_t>(std::clamp(value, 0.0, max_count));
  first_ = false;
  return true;
}

bool json_reader::read_raw(std::string_view& out) {
  skip_blanks();
  const auto begin = at_;
  if (!skip())
    return false;
  out = text_.substr(begin, at_ - begin);
  return true;
}

bool json_reader::skip() {
  bool done = false;
  switch (peek()) {
  case kind::object:
  case kind::array:
    done = skip_container();
    break;
  case kind::string:
    done = skip_string();
    break;
  case kind::none:
    break;
  default:
    done = skip_scalar();
  }
  first_ = false;
  return done || fail();
}

bool json_reader::skip_string() {
  for (auto end = string_run(text_, at_ + 1); end < text_.size();
       end = string_run(text_, end + 2)) {
    if (text_[end] == '"') {
      at_ = end + 1;
      return true;
    }
    if (end + 1 >= text_.size())
      break;
  }
  return fail();
}

bool json_reader::skip_container() {
  // One bit for each open bracket, set for an object.
  static_assert(limits::max_json_depth <= 64);
  std::uint64_t open = 0;
  std::size_t depth = 0;
  do {
    skip_blanks();
    if (at_ >= text_.size())
      return fail();
    const char c = text_[at_];
    if (c == '"') {
      if (!skip_string())
        return false;
      continue;
    }
    if (c == '{' || c == '[') {
      if (depth++ == limits::max_json_depth)
        return fail();
      open = open << 1 | (c == '{' ? 1 : 0);
    } else if (c == '}' || c == ']') {
      if ((open & 1) != (c == '}' ? 1u : 0u))
        return fail();
      open >>= 1;
      --depth;
    } else if (c != ',' && c != ':') {
      if (!skip_scalar())
        return false;
      continue;
    }
    ++at_;
  } while (depth > 0);
  return true;
}

bool json_reader::skip_scalar() {
  const auto begin = at_;
  while (at_ < text_.size() && is_number_char(text_[at_]))
    ++at_;
  if (at_ > begin)
    return true;
  for (const std::string_view word : {"null", "true", "false"})
    if (text_.substr(at_).starts_with(word)) {
      at_ += word.size();
      return true;
    }
  return fail();
}

bool json_reader::at_end() {
  skip_blanks();
  return ok_ && at_ == text_.size();
}

} // namespace parley::wire
