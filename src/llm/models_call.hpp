// Asks an OpenAI-compatible upstream for its models. Belongs to its loop's
// thread.
#pragma once

#include <chrono>
#include <string>

#include "llm/provider.hpp"
#include "llm/upstream_call.hpp"

namespace parley::llm {

class models_call final : public upstream_call {
public:
  // The largest catalogues that aggregators publish have some hundred KB.
  static constexpr std::size_t max_body_bytes = 4 * 1024 * 1024;

  // Gives up after `patience` with errc::upstream_timeout. `secret`: what must
  // not appear in any error's text, or empty.
  models_call(std::shared_ptr<connection_pool> pool, std::string request,
              std::string secret, std::chrono::milliseconds patience,
              provider::models_function on_models);

  // Instead of `start`.
  void start_timed();

private:
  void on_head(const response_head& head) override;
  void on_body(std::string_view bytes) override;
  void on_read_end() override;
  void on_complete() override;
  void on_cut(bool before_head) override;
  void on_failed(error why) override;
  void on_deadline() override;
  [[nodiscard]] bool may_be_sent_twice() const noexcept override {
    return true; // a GET
  }

  void answer(result<std::vector<model_info>> what);

  std::string secret_;
  std::chrono::milliseconds patience_;
  provider::models_function on_models_;
  response_head head_;
  std::string body_;
  bool too_long_ = false;
};

} // namespace parley::llm
