// Any server that speaks OpenAI's chat completions: OpenAI itself, llama.cpp,
// vLLM, Ollama, proxies.
//
// Connections are kept alive per event loop; a generation stays on the loop it
// was started on. Certificates and host names are checked unless
// `llm.tls-verify` says otherwise. No redirect is followed, so the key goes
// nowhere but to `llm.base-url`.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "chat/result.hpp"
#include "config/settings.hpp"
#include "llm/provider.hpp"
#include "llm/url.hpp"

namespace parley::llm {

class connection_pool;
class tls_context;

class openai_provider final : public provider {
public:
  // Fails with errc::invalid_request, whose `field` names the option: a base
  // URL that is none, a key that cannot stand in a header, a CA file that
  // cannot be read. Touches no network.
  [[nodiscard]] static result<std::unique_ptr<openai_provider>>
  make(const config::settings& settings);

  // Closes idle connections. The loops that generations were started on must
  // still exist, running or not.
  ~openai_provider() override;

  [[nodiscard]] std::unique_ptr<generation>
  start(prompt what, boost::asio::io_context& loop,
        report_function on_report) override;

  // Gives up after connect-timeout and first-token-timeout together.
  void list_models(boost::asio::io_context& loop,
                   models_function on_models) override;

  [[nodiscard]] std::string_view name() const noexcept override {
    return "openai";
  }

private:
  openai_provider(const config::settings& settings, url upstream,
                  std::shared_ptr<const tls_context> tls);

  std::shared_ptr<connection_pool> pool_of(boost::asio::io_context& loop);
  [[nodiscard]] std::string head_of(std::string_view method,
                                    std::string_view target) const;

  url upstream_;
  std::shared_ptr<const tls_context> tls_; // null for http
  std::string key_;                        // empty: none is sent
  std::size_t max_idle_;
  std::chrono::milliseconds models_patience_;

  // One pool per loop, found once per request.
  std::mutex pools_mutex_;
  std::vector<std::shared_ptr<connection_pool>> pools_;
};

} // namespace parley::llm
