// Walks through JSON text front to back and reads only what is asked for: no
// tree, no allocation but the results'. Made for what upstreams send, many
// times a second. Lenient where that is safe: text that is not valid UTF-8 or
// holds half a surrogate pair gets U+FFFD, control characters in strings are
// taken, skipped values are only checked for their brackets. Private to wire/.
//
//   if (reader.enter_object())
//     while (reader.next_member(name))
//       name == "id" ? reader.read_string(id) : reader.skip();
//   if (!reader.at_end()) …
//
// Every member or element must be read, entered or skipped. After the first
// error all calls return false.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace parley::wire {

class json_reader {
public:
  // `text` must outlive the reader.
  explicit json_reader(std::string_view text) : text_{text} {
  }

  enum class kind : std::uint8_t {
    object,
    array,
    string,
    number,
    boolean,
    null,
    none, // the end, or nothing that begins a value
  };

  // Of the next value; reads nothing.
  [[nodiscard]] kind peek();

  bool enter_object();
  // False behind the last member. `name` holds until the next call.
  bool next_member(std::string_view& name);

  bool enter_array();
  // False behind the last element.
  bool next_element();

  // Appends the string's text.
  bool read_string(std::string& out);
  // A number; what is not whole or does not fit comes out clamped to 0 … 2^53.
  bool read_count(std::uint64_t& out);
  // The next value, whatever it is.
  bool skip();
  // The same, and where it stands.
  bool read_raw(std::string_view& out);

  // True when all was well and nothing but white space is left.
  [[nodiscard]] bool at_end();
  [[nodiscard]] bool ok() const noexcept {
    return ok_;
  }

private:
  bool fail();
  // These two come before every token.
  void skip_blanks() {
    while (at_ < text_.size() && text_[at_] <= ' '
           && (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n'
               || text_[at_] == '\r'))
      ++at_;
  }
  bool consume(char c) {
    skip_blanks();
    if (at_ >= text_.size() || text_[at_] != c)
      return false;
    ++at_;
    return true;
  }
  bool skip_string();
  bool skip_container();
  bool skip_scalar();
  bool read_escape(std::string& out);
  bool read_hex(std::uint32_t& out);

  std::string_view text_;
  std::size_t at_ = 0;
  bool first_ = true; // no comma is due before the next member or element
  bool ok_ = true;
  std::string name_; // a member's name that held escapes
};

} // namespace parley::wire
