#include "config/quoting.hpp"

#include <algorithm>
#include <cstdint>

#include "chat/utf8.hpp"

namespace parley::config {

namespace {

bool is_plain_byte(unsigned char byte) noexcept {
  return byte >= 0x20 && byte < 0x7f && byte != '"' && byte != '\\';
}

// The first code point. Precondition: valid UTF-8 of `length` bytes.
char32_t decode(std::string_view character) {
  auto byte = [character](std::size_t i) {
    return static_cast<unsigned char>(character[i]);
  };
  auto tail = [byte](std::size_t i) {
    return char32_t{byte(i)} & 0x3f;
  };
  switch (character.size()) {
  case 1:
    return byte(0);
  case 2:
    return (char32_t{byte(0)} & 0x1f) << 6 | tail(1);
  case 3:
    return (char32_t{byte(0)} & 0x0f) << 12 | tail(1) << 6 | tail(2);
  default:
    return (char32_t{byte(0)} & 0x07) << 18 | tail(1) << 12 | tail(2) << 6
           | tail(3);
  }
}

// All of them are below U+10000, so four digits name them.
bool is_hazardous(char32_t x) {
  return x < 0x20                        // C0 controls
         || (x >= 0x7f && x < 0xa0)      // DEL, C1 controls
         || x == 0x200e || x == 0x200f   // direction marks
         || (x >= 0x2028 && x <= 0x202e) // separators, embeddings, overrides
         || (x >= 0x2066 && x <= 0x2069) // isolates
         || x == 0xfeff;                 // byte order mark
}

void append_hex(std::string& out, char32_t x) {
  static constexpr std::string_view digits = "0123456789abcdef";
  out += "\\u";
  for (auto shift : {12, 8, 4, 0})
    out += digits[(x >> shift) & 0xf];
}

void append_character(std::string& out, std::string_view character) {
  auto x = decode(character);
  if (x == '"' || x == '\\')
    (out += '\\') += character;
  else if (x == '\n')
    out += "\\n";
  else if (x == '\r')
    out += "\\r";
  else if (x == '\t')
    out += "\\t";
  else if (is_hazardous(x))
    append_hex(out, x);
  else
    out += character;
}

} // namespace

bool is_plain(std::string_view text) noexcept {
  if (std::ranges::all_of(text, is_plain_byte))
    return true;
  if (!utf8::is_valid(text))
    return false;
  while (!text.empty()) {
    auto character = text.substr(0, utf8::prefix_bytes(text, 1));
    auto x = decode(character);
    if (x == '"' || x == '\\' || is_hazardous(x))
      return false;
    text.remove_prefix(character.size());
  }
  return true;
}

void append_escaped(std::string& out, std::string_view text,
                    std::size_t max_bytes) {
  // A character may reach beyond the limit; with all of its bytes at hand it is
  // left out as a whole.
  constexpr std::size_t max_character_bytes = 4;
  auto cut = text.size() > max_bytes;
  if (cut)
    text = text.substr(0, max_bytes + max_character_bytes);
  auto valid = utf8::to_valid(text);
  for (std::size_t at = 0; at < valid.size();) {
    auto rest = std::string_view{valid}.substr(at);
    auto character = rest.substr(0, utf8::prefix_bytes(rest, 1));
    if (cut && at + character.size() > max_bytes)
      break;
    append_character(out, character);
    at += character.size();
  }
  if (cut)
    out += "…";
}

std::string in_quotes(std::string_view text) {
  std::string out = "\"";
  append_escaped(out, text, 80);
  return out += '"';
}

std::string toml_string(std::string_view text) {
  std::string out = "\"";
  append_escaped(out, text);
  return out += '"';
}

} // namespace parley::config
