#include "storage/tlv.hpp"

#include <limits>

namespace parley::storage {

// -- writing ---------------------------------------------------------------

void field_writer::varint(std::uint64_t value) {
  while (value >= 0x80) {
    out_.push_back(static_cast<char>((value & 0x7f) | 0x80));
    value >>= 7;
  }
  out_.push_back(static_cast<char>(value));
}

void field_writer::number(std::uint32_t field, std::uint64_t value) {
  if (value == 0)
    return;
  varint(std::uint64_t{field} * 2);
  varint(value);
}

void field_writer::signed_number(std::uint32_t field, std::int64_t value) {
  auto bits = static_cast<std::uint64_t>(value);
  number(field, (bits << 1) ^ (value < 0 ? ~std::uint64_t{0} : 0));
}

void field_writer::text(std::uint32_t field, std::string_view value) {
  if (!value.empty())
    present_text(field, value);
}

void field_writer::present_text(std::uint32_t field, std::string_view value) {
  varint(std::uint64_t{field} * 2 + 1);
  varint(value.size());
  out_.append(value);
}

// -- reading ---------------------------------------------------------------

bool field_reader::varint(std::uint64_t& value) {
  value = 0;
  for (unsigned shift = 0; shift < 64; shift += 7) {
    if (rest_.empty())
      return false;
    auto byte = static_cast<unsigned char>(rest_.front());
    rest_.remove_prefix(1);
    // The tenth byte holds one bit.
    if (shift == 63 && byte > 1)
      return false;
    value |= std::uint64_t{byte & 0x7fu} << shift;
    if (byte < 0x80)
      return true;
  }
  return false;
}

bool field_reader::next() {
  if (!ok_ || rest_.empty())
    return false;
  ok_ = false;
  std::uint64_t tag = 0;
  if (!varint(tag) || tag / 2 > std::numeric_limits<std::uint32_t>::max())
    return false;
  field_ = static_cast<std::uint32_t>(tag / 2);
  is_text_ = tag % 2 == 1;
  if (!varint(number_))
    return false;
  if (is_text_) {
    if (number_ > rest_.size())
      return false;
    text_ = rest_.substr(0, static_cast<std::size_t>(number_));
    rest_.remove_prefix(text_.size());
  }
  ok_ = true;
  return true;
}

std::uint64_t field_reader::number() {
  if (is_text_) {
    reject();
    return 0;
  }
  return number_;
}

std::int64_t field_reader::signed_number() {
  auto bits = number();
  return static_cast<std::int64_t>((bits >> 1)
                                   ^ ((bits & 1) != 0 ? ~std::uint64_t{0} : 0));
}

std::string_view field_reader::text() {
  if (!is_text_) {
    reject();
    return {};
  }
  return text_;
}

} // namespace parley::storage
