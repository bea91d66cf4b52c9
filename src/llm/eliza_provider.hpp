// The built-in model `eliza`: needs no network and no key.
//
// The answer is worked out when the generation starts (eliza_engine.hpp) and
// then told word by word. A token is a word here: `max_tokens` counts words.
// Honours `stop` and `seed`; other sampling settings mean nothing to her.
#pragma once

#include <chrono>

#include "llm/eliza_engine.hpp"
#include "llm/provider.hpp"

namespace parley::llm {

class eliza_provider final : public provider {
public:
  // The pace; zero is as fast as possible, one word per turn of the loop.
  explicit eliza_provider(std::chrono::milliseconds word_delay);

  [[nodiscard]] std::unique_ptr<generation>
  start(prompt what, boost::asio::io_context& loop,
        report_function on_report) override;

  // One model, `eliza`.
  void list_models(boost::asio::io_context& loop,
                   models_function on_models) override;

  [[nodiscard]] std::string_view name() const noexcept override {
    return "eliza";
  }

private:
  std::chrono::milliseconds word_delay_;
  eliza_engine engine_;
};

} // namespace parley::llm
