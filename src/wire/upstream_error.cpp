#include "wire/openai_client.hpp"

#include <algorithm>
#include <array>

#include "chat/utf8.hpp"
#include "wire/json_reader.hpp"

namespace parley::wire {

namespace {

using kind = json_reader::kind;

constexpr std::uint64_t max_shown_chars = 300;

// -- finding the words
// --------------------------------------------------------------

void read_words(json_reader& from, std::string& out) {
  if (from.peek() == kind::string && out.empty())
    from.read_string(out);
  else
    from.skip();
}

// {"message": "…"}, or FastAPI's {"msg": "…"}.
void read_object(json_reader& from, std::string& out) {
  std::string_view name;
  from.enter_object();
  while (from.next_member(name))
    if (name == "message" || name == "msg")
      read_words(from, out);
    else
      from.skip();
}

// A string, an object with a message, or an array of which the first counts.
void read_error(json_reader& from, std::string& out) {
  if (from.peek() == kind::object) {
    read_object(from, out);
  } else if (from.peek() == kind::array) {
    from.enter_array();
    while (from.next_element())
      if (from.peek() == kind::object && out.empty())
        read_object(from, out);
      else
        read_words(from, out);
  } else {
    read_words(from, out);
  }
}

std::string words_of_json(std::string_view body) {
  json_reader from{body};
  std::string error;
  std::string message;
  // Google's answers are an array of one.
  if (from.peek() == kind::array
      && !(from.enter_array() && from.next_element()))
    return {};
  std::string_view name;
  from.enter_object();
  while (from.next_member(name))
    if (name == "error")
      read_error(from, error);
    else if (name == "message" || name == "detail")
      read_error(from, message);
    else
      from.skip();
  return error.empty() ? message : error;
}

// -- making them fit to be shown
// ----------------------------------------------------

bool is_key_char(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z')
         || (c >= 'A' && c <= 'Z') || c == '-' || c == '_' || c == '*'
         || c == '.';
}

// What begins like a key and goes on for this long is one.
constexpr std::size_t min_key_chars = 4;
constexpr std::array<std::string_view, 8> key_beginnings{
  "sk-", "sk_", "gsk_", "xai-", "hf_", "AIza", "Bearer ", "bearer "};

std::string without_keys(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const auto rest = text.substr(at);
    const bool begins_word = at == 0 || !is_key_char(text[at - 1]);
    std::size_t length = 0;
    for (const auto beginning : key_beginnings)
      if (begins_word && rest.starts_with(beginning)) {
        length = beginning.size();
        while (length < rest.size() && is_key_char(rest[length]))
          ++length;
        if (length < beginning.size() + min_key_chars)
          length = 0;
        break;
      }
    if (length == 0) {
      out += text[at++];
    } else {
      out += "***";
      at += length;
    }
  }
  return out;
}

std::string one_line(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool is_blank = byte <= 0x20 || byte == 0x7F;
    if (!is_blank)
      out += c;
    else if (!out.empty() && out.back() != ' ')
      out += ' ';
  }
  if (out.ends_with(' '))
    out.pop_back();
  return out;
}

} // namespace

std::string upstream_error_text(std::string_view body) {
  // More than is shown, so that a key at the end is still seen whole.
  constexpr std::size_t max_read_bytes = 16 * max_shown_chars;
  auto words = words_of_json(body);
  // Plain text speaks for itself; a page of HTML does not.
  if (words.empty() && body.find_first_of("<{[") == std::string_view::npos)
    words = body.substr(0, max_read_bytes);
  words.resize(std::min(words.size(), max_read_bytes));
  auto shown = without_keys(one_line(utf8::to_valid(words)));
  shown.resize(utf8::prefix_bytes(shown, max_shown_chars));
  return shown;
}

} // namespace parley::wire
