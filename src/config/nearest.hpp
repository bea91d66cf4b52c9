// "Did you mean …": the known name that a mistyped one is nearest to.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace parley::config {

// Insertions, deletions, replacements and swaps of neighbours that turn `a`
// into `b` (optimal string alignment). Bytes count; only the first 128 of each.
[[nodiscard]] std::size_t edit_distance(std::string_view a, std::string_view b);

// The candidate with the least distance, the first one among equals. A
// candidate also counts as near when the text is like its last part, as in
// `listen` for `http.listen`. Precondition: `candidates` is not empty.
[[nodiscard]] std::string_view
nearest(std::string_view text, std::span<const std::string_view> candidates);

} // namespace parley::config
