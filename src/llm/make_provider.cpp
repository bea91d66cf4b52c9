#include "llm/make_provider.hpp"

#include <utility>

#include "llm/eliza_provider.hpp"
#include "llm/openai_provider.hpp"

namespace parley::llm {

result<std::unique_ptr<provider>>
make_provider(const config::settings& settings) {
  if (settings.llm.base_url.empty())
    return std::make_unique<eliza_provider>(settings.eliza.word_delay);
  auto made = openai_provider::make(settings);
  if (!made)
    return fail(std::move(made.error()));
  return std::unique_ptr<provider>{std::move(*made)};
}

} // namespace parley::llm
