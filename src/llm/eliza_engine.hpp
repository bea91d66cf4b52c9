// Eliza's side of a conversation: a pure function of its messages. Her memory
// is the history: it is gone through from the beginning for every answer, so
// that any server can give the next one.
#pragma once

#include <string>

#include "llm/eliza_script.hpp"
#include "llm/provider.hpp"

namespace parley::llm {

class eliza_engine {
public:
  // With the built-in script.
  eliza_engine();
  explicit eliza_engine(eliza_script script);

  // The answer to the last user message; never empty, valid UTF-8. The same
  // prompt gets the same answer; `sampling.seed` chooses among alternatives.
  [[nodiscard]] std::string answer(const prompt& to) const;

private:
  eliza_script script_;
};

} // namespace parley::llm
