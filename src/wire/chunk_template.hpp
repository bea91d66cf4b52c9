// Reads the chunks of one upstream stream by what they have in common: from
// token to token nothing differs but the text of `content`, so what stands
// around it is compared with a chunk that was parsed, and only the text is
// read. In a burst parsing would be the largest part of a token's cost.
//
// Exact: `read` gives what `parse_completion_chunk` gives, or nothing. A JSON
// reader's way does not depend on the text of a string value. So where one
// place was shown to be the only source of a chunk's content, any text in that
// place is the content of a chunk with the same surroundings. `learn` shows it
// by parsing the chunk once more with another text in the place.
//
// One object per stream; not synchronised.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "wire/openai_client.hpp"

namespace parley::wire {

class chunk_template {
public:
  // Appends the content of `data`, when nothing but its content differs from
  // the chunk that was learned. False: it must be parsed, `out` is unchanged.
  [[nodiscard]] bool read(std::string_view data, std::string& out);

  // Takes `data`, of which `parsed` was read, for the next chunks' model.
  // Keeps the one it has when this one brings more than content. An upstream
  // whose chunks all differ otherwise is soon given up.
  void learn(std::string_view data, const completion_chunk& parsed);

private:
  // What stands around the text: longer than any upstream's, short enough to
  // be kept with every stream.
  static constexpr std::size_t max_bytes = 4096;
  static constexpr unsigned max_misses = 8;

  std::string head_;    // up to the opening quote; empty: nothing was learned
  std::string tail_;    // from the closing quote
  unsigned misses_ = 0; // chunks learned since one was read
};

} // namespace parley::wire
