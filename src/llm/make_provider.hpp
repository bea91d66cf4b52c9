// Which provider the settings ask for.
#pragma once

#include <memory>

#include "chat/result.hpp"
#include "config/settings.hpp"
#include "llm/provider.hpp"

namespace parley::llm {

// The built-in model without `llm.base-url`, else an OpenAI-compatible server.
// Fails with errc::invalid_request whose `field` names the option that is at
// fault. Does not touch the network.
[[nodiscard]] result<std::unique_ptr<provider>>
make_provider(const config::settings& settings);

} // namespace parley::llm
