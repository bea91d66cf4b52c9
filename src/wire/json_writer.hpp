// Writes JSON text front to back, without a tree in between: members come out
// in the order in which they are written. Commas are its business, the
// balance of begin and end is the caller's.
#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>

#include "wire/json.hpp"

namespace parley::wire {

class json_writer {
public:
  // Appends to `out`, which must outlive the writer.
  explicit json_writer(std::string& out) : out_{out} {
  }

  json_writer& begin_object() {
    return open('{');
  }
  json_writer& end_object() {
    return close('}');
  }
  json_writer& begin_array() {
    return open('[');
  }
  json_writer& end_array() {
    return close(']');
  }

  // The name of the member whose value is written next.
  json_writer& key(std::string_view name) {
    separate();
    append_json_string(out_, name);
    out_ += ':';
    comma_ = false;
    return *this;
  }

  json_writer& null() {
    return raw("null");
  }
  json_writer& string(std::string_view text) {
    separate();
    append_json_string(out_, text);
    return *this;
  }
  json_writer& boolean(bool value) {
    return raw(value ? "true" : "false");
  }
  template <std::integral T>
  requires(!std::same_as<T, bool>) json_writer& number(T value) {
    separate();
    if constexpr (std::signed_integral<T>)
      append_json_number(out_, static_cast<std::int64_t>(value));
    else
      append_json_number(out_, static_cast<std::uint64_t>(value));
    return *this;
  }
  json_writer& number(double value) {
    separate();
    append_json_number(out_, value);
    return *this;
  }
  // A value that is JSON text already.
  json_writer& raw(std::string_view json) {
    separate();
    out_ += json;
    return *this;
  }

  // -- shorthands
  // ---------------------------------------------------------------

  // What is not set is null for clients.
  json_writer& string_or_null(std::string_view text) {
    return text.empty() ? null() : string(text);
  }

private:
  json_writer& open(char bracket) {
    separate();
    out_ += bracket;
    comma_ = false;
    return *this;
  }
  json_writer& close(char bracket) {
    out_ += bracket;
    comma_ = true;
    return *this;
  }
  void separate() {
    if (comma_)
      out_ += ',';
    comma_ = true;
  }

  std::string& out_;
  bool comma_ = false;
};

} // namespace parley::wire
