// The bytes inside a record value: a flat list of numbered fields.
//
//   fields := field*
//   field  := varint(number * 2)     varint(value)           a number
//           | varint(number * 2 + 1) varint(length) byte*    text, or fields
//   varint := seven bits a byte, least significant first, top bit set on all
//             but the last; at most ten bytes
//
// A field that is zero, empty or unset is not written. A reader skips numbers
// it does not know, so that fields can be added without a migration. A number
// is never given another meaning. Text may be repeated: a list.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace parley::storage {

class field_writer {
public:
  // Appends to `out`, which must outlive the writer.
  explicit field_writer(std::string& out) : out_(out) {
  }

  // Zero is not written.
  void number(std::uint32_t field, std::uint64_t value);
  // Small absolute values stay small (zigzag). Zero is not written.
  void signed_number(std::uint32_t field, std::int64_t value);
  // The empty text is not written.
  void text(std::uint32_t field, std::string_view value);
  // Like `text`, but an empty one counts: it stands for an element or an
  // optional that is there.
  void present_text(std::uint32_t field, std::string_view value);

private:
  void varint(std::uint64_t value);

  std::string& out_;
};

// Walks the fields of hostile bytes: never reads outside them, never loops
// without progress.
//
//   field_reader in{bytes};
//   while (in.next())
//     switch (in.field()) { case 1: x.title = in.text(); break; … }
//   return in.ok();
class field_reader {
public:
  explicit field_reader(std::string_view bytes) : rest_(bytes) {
  }

  // False at the end, and at the first thing that is wrong.
  [[nodiscard]] bool next();

  [[nodiscard]] std::uint32_t field() const noexcept {
    return field_;
  }

  // The current field's value. One of the other type makes the reader fail.
  [[nodiscard]] std::uint64_t number();
  [[nodiscard]] std::int64_t signed_number();
  // A view into the bytes.
  [[nodiscard]] std::string_view text();

  // For a value that the record cannot have: `next` ends, `ok` is false.
  void reject() noexcept {
    ok_ = false;
  }
  [[nodiscard]] bool ok() const noexcept {
    return ok_;
  }

private:
  bool varint(std::uint64_t& value);

  std::string_view rest_;
  std::uint32_t field_ = 0;
  bool is_text_ = false;
  std::uint64_t number_ = 0;
  std::string_view text_;
  bool ok_ = true;
};

} // namespace parley::storage
