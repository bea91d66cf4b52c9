// Looks at eight bytes of text at once. Private to wire/.
//
// A mask has the highest bit set of each byte that was looked for; above the
// lowest such byte it may have more, so only its lowest bit tells a place.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace parley::wire {

// Precondition: eight bytes from `at` on. The first byte of the text is the
// lowest of the word.
inline std::uint64_t load_word(std::string_view text, std::size_t at) noexcept {
  static_assert(std::endian::native == std::endian::little);
  std::uint64_t word;
  std::memcpy(&word, text.data() + at, sizeof word);
  return word;
}

constexpr std::uint64_t every_byte(unsigned char value) noexcept {
  return 0x0101010101010101u * value;
}

// Bytes below `value`, which is at most 0x80.
constexpr std::uint64_t mask_below(std::uint64_t word,
                                   unsigned char value) noexcept {
  return (word - every_byte(value)) & ~word & every_byte(0x80);
}

constexpr std::uint64_t mask_equal(std::uint64_t word,
                                   unsigned char value) noexcept {
  return mask_below(word ^ every_byte(value), 1);
}

// Offset of the first byte in the word. Precondition: the mask is not 0.
constexpr std::size_t first_of(std::uint64_t mask) noexcept {
  return static_cast<std::size_t>(std::countr_zero(mask)) / 8;
}

} // namespace parley::wire
