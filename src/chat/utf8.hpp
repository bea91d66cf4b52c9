// UTF-8, where lengths are code points (API: "Text lengths are Unicode code
// points unless they say bytes"). Pure functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace parley::utf8 {

// Well-formed as Unicode 15 §3.9 D92: no overlong form, no surrogate, nothing
// above U+10FFFF.
[[nodiscard]] bool is_valid(std::string_view text) noexcept;

// Precondition of the functions below: `text` is valid.
[[nodiscard]] std::uint64_t length(std::string_view text) noexcept;

// Bytes of the first `count` code points, or all bytes when there are fewer.
[[nodiscard]] std::size_t prefix_bytes(std::string_view text,
                                       std::uint64_t count) noexcept;

// The largest offset ≤ `at` that stands between two code points.
[[nodiscard]] std::size_t boundary_before(std::string_view text,
                                          std::size_t at) noexcept;

// Invalid sequences replaced by U+FFFD, as the WHATWG decoder does.
[[nodiscard]] std::string to_valid(std::string_view text);

} // namespace parley::utf8
