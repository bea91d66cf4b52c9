#include "wire/json.hpp"

#include <array>
#include <bit>
#include <charconv>
#include <cmath>

#include "chat/limits.hpp"
#include "chat/utf8.hpp"
#include "wire/byte_mask.hpp"

namespace parley::wire {

namespace {

using nlohmann::json;

// -- strict reading
// -------------------------------------------------------------

// A name as it may stand in an error's detail.
std::string shown(std::string_view name) {
  constexpr std::uint64_t max_chars = 64;
  const auto bytes = utf8::prefix_bytes(name, max_chars);
  std::string text{name.substr(0, bytes)};
  if (bytes < name.size())
    text += "…";
  return text;
}

// Builds the tree from the library's events. A tree of its own, because the
// library's lets the last of two members of one name win.
class tree_builder {
public:
  bool null() {
    return add(nullptr);
  }
  bool boolean(bool value) {
    return add(value);
  }
  bool number_integer(json::number_integer_t value) {
    return add(value);
  }
  bool number_unsigned(json::number_unsigned_t value) {
    return add(value);
  }
  bool number_float(json::number_float_t value, const json::string_t&) {
    return add(value);
  }
  bool string(json::string_t& value) {
    return add(std::move(value));
  }
  bool binary(json::binary_t&) {
    return refuse("binary data is not JSON");
  }
  bool start_object(std::size_t) {
    return open(json::object());
  }
  bool start_array(std::size_t) {
    return open(json::array());
  }
  bool end_object() {
    open_.pop_back();
    return true;
  }
  bool end_array() {
    open_.pop_back();
    return true;
  }
  bool key(json::string_t& name) {
    const auto [place, is_new] =
      open_.back()->get_ref<json::object_t&>().emplace(std::move(name),
                                                       nullptr);
    if (!is_new)
      return refuse("the member \"" + shown(place->first)
                    + "\" is there twice");
    member_ = &place->second;
    return true;
  }
  bool parse_error(std::size_t position, const std::string&,
                   const json::exception&) {
    return refuse("the body is not valid JSON at byte "
                  + std::to_string(position));
  }

  result<json> take() && {
    if (!problem_.empty())
      return fail(errc::malformed_json, std::move(problem_));
    return std::move(root_);
  }

private:
  template <class T>
  bool add(T&& value) {
    place(std::forward<T>(value));
    return true;
  }

  bool open(json value) {
    if (open_.size() == limits::max_json_depth)
      return refuse("the body is nested deeper than "
                    + std::to_string(limits::max_json_depth) + " levels");
    open_.push_back(place(std::move(value)));
    return true;
  }

  template <class T>
  json* place(T&& value) {
    if (open_.empty()) {
      root_ = std::forward<T>(value);
      return &root_;
    }
    if (open_.back()->is_array()) {
      auto& array = open_.back()->get_ref<json::array_t&>();
      return &array.emplace_back(std::forward<T>(value));
    }
    *member_ = std::forward<T>(value);
    return member_;
  }

  bool refuse(std::string problem) {
    if (problem_.empty())
      problem_ = std::move(problem);
    return false;
  }

  json root_;
  // Stable while open: only the innermost container grows.
  std::vector<json*> open_;
  json* member_ = nullptr;
  std::string problem_;
};

// -- digest
// -----------------------------------------------------------------------

// FNV-1a over the value's canonical bytes: one byte for the type, lengths
// before contents. Members come sorted by name out of the library's map.
class hasher {
public:
  void byte(unsigned char value) {
    state_ = (state_ ^ value) * 0x100000001b3;
  }
  void word(std::uint64_t value) {
    for (int shift = 0; shift < 64; shift += 8)
      byte(static_cast<unsigned char>(value >> shift));
  }
  void text(std::string_view value) {
    word(value.size());
    for (const char c : value)
      byte(static_cast<unsigned char>(c));
  }
  [[nodiscard]] std::uint64_t value() const {
    return state_;
  }

private:
  std::uint64_t state_ = 0xcbf29ce484222325;
};

void hash_number(hasher& to, const json& value) {
  if (value.is_number_unsigned()) {
    to.byte('+');
    return to.word(value.get<std::uint64_t>());
  }
  if (value.is_number_integer()) {
    const auto number = value.get<std::int64_t>();
    to.byte(number < 0 ? '-' : '+');
    return to.word(static_cast<std::uint64_t>(number));
  }
  // Whole numbers within the integers' range hash as those do.
  const auto number = value.get<double>();
  if (number == std::floor(number) && number >= -0x1p63 && number < 0x1p64) {
    to.byte(number < 0 ? '-' : '+');
    return to.word(
      number < 0 ? static_cast<std::uint64_t>(static_cast<std::int64_t>(number))
                 : static_cast<std::uint64_t>(number));
  }
  to.byte('.');
  to.word(std::bit_cast<std::uint64_t>(number));
}

void hash(hasher& to, const json& value) {
  switch (value.type()) {
  case json::value_t::object:
    to.byte('{');
    to.word(value.size());
    for (const auto& [name, member] : value.get_ref<const json::object_t&>()) {
      to.text(name);
      hash(to, member);
    }
    break;
  case json::value_t::array:
    to.byte('[');
    to.word(value.size());
    for (const auto& element : value)
      hash(to, element);
    break;
  case json::value_t::string:
    to.byte('"');
    to.text(value.get_ref<const std::string&>());
    break;
  case json::value_t::boolean:
    to.byte(value.get<bool>() ? 't' : 'f');
    break;
  case json::value_t::number_integer:
  case json::value_t::number_unsigned:
  case json::value_t::number_float:
    hash_number(to, value);
    break;
  default:
    to.byte('n');
  }
}

// -- writing
// ----------------------------------------------------------------------

// For each byte: 0 where it stands for itself, 'u' where it needs \u00XX, else
// the letter behind the backslash.
constexpr std::array<char, 256> escapes = [] {
  std::array<char, 256> table{};
  for (std::size_t i = 0; i < 0x20; ++i)
    table[i] = 'u';
  table['\b'] = 'b';
  table['\f'] = 'f';
  table['\n'] = 'n';
  table['\r'] = 'r';
  table['\t'] = 't';
  table['"'] = '"';
  table['\\'] = '\\';
  return table;
}();

std::size_t plain_run(std::string_view text, std::size_t at) {
  for (; at + 8 <= text.size(); at += 8) {
    const auto word = load_word(text, at);
    const auto found =
      mask_below(word, 0x20) | mask_equal(word, '"') | mask_equal(word, '\\');
    if (found != 0)
      return at + first_of(found);
  }
  while (at < text.size() && escapes[static_cast<unsigned char>(text[at])] == 0)
    ++at;
  return at;
}

template <class T>
void append_number(std::string& out, T value) {
  std::array<char, 32> digits;
  const auto end =
    std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  out.append(digits.data(), end);
}

// -- raw members
// ------------------------------------------------------------------

// The scanners below are only given text that is known to be valid.
std::size_t skip_blanks(std::string_view text, std::size_t at) {
  return std::min(text.find_first_not_of(" \t\r\n", at), text.size());
}

std::size_t string_end(std::string_view text, std::size_t at) {
  for (++at; text[at] != '"'; ++at)
    if (text[at] == '\\')
      ++at;
  return at + 1;
}

std::size_t value_end(std::string_view text, std::size_t at) {
  std::size_t depth = 0;
  do {
    switch (text[at]) {
    case '"':
      at = string_end(text, at);
      break;
    case '{':
    case '[':
      ++depth;
      ++at;
      break;
    case '}':
    case ']':
      --depth;
      ++at;
      break;
    case ',':
    case ':':
      ++at;
      break;
    default:
      at = std::min(text.find_first_of(" \t\r\n,:]}\"", at), text.size());
    }
    if (depth > 0)
      at = skip_blanks(text, at);
  } while (depth > 0);
  return at;
}

} // namespace

result<json> parse_json(std::string_view body) {
  // The library takes a NUL byte for the end of its input.
  if (const auto at = body.find('\0'); at != std::string_view::npos)
    return fail(errc::malformed_json,
                "the body is not valid JSON at byte " + std::to_string(at + 1));
  tree_builder builder;
  json::sax_parse(body, &builder);
  return std::move(builder).take();
}

std::uint64_t digest(const json& value) {
  hasher state;
  hash(state, value);
  return state.value();
}

void append_json_string(std::string& out, std::string_view text) {
  constexpr std::string_view hex = "0123456789abcdef";
  out += '"';
  std::size_t at = 0;
  for (;;) {
    const auto end = plain_run(text, at);
    out.append(text.data() + at, end - at);
    if (end == text.size())
      break;
    const auto byte = static_cast<unsigned char>(text[end]);
    out += '\\';
    out += escapes[byte];
    if (escapes[byte] == 'u') {
      out += "00";
      out += hex[byte >> 4];
      out += hex[byte & 15];
    }
    at = end + 1;
  }
  out += '"';
}

void append_json_number(std::string& out, std::uint64_t value) {
  append_number(out, value);
}

void append_json_number(std::string& out, std::int64_t value) {
  append_number(out, value);
}

void append_json_number(std::string& out, double value) {
  if (std::isfinite(value))
    append_number(out, value);
  else
    out += "null";
}

std::vector<std::pair<std::string, std::string_view>>
raw_members(std::string_view object) {
  std::vector<std::pair<std::string, std::string_view>> members;
  auto at = object.find('{') + 1;
  for (;;) {
    at = skip_blanks(object, at);
    if (object[at] == ',')
      at = skip_blanks(object, at + 1);
    if (object[at] == '}')
      return members;
    const auto name_end = string_end(object, at);
    const auto quoted = object.substr(at, name_end - at);
    auto name = quoted.find('\\') == std::string_view::npos
                  ? std::string{quoted.substr(1, quoted.size() - 2)}
                  : json::parse(quoted).get<std::string>();
    at = skip_blanks(object, skip_blanks(object, name_end) + 1);
    const auto end = value_end(object, at);
    members.emplace_back(std::move(name), object.substr(at, end - at));
    at = end;
  }
}

} // namespace parley::wire
