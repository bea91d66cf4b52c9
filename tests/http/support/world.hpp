// Everything that routes need, without sockets, threads or a store: a gateway
// and a provider that play what a test tells them, and the router with all
// routes. A test asks with `call` and lets things happen with `run`.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <gtest/gtest.h>

#include "chat/id.hpp"
#include "chat/limits.hpp"
#include "http/router.hpp"
#include "http/routes/routes.hpp"
#include "tests/http/support/fake_actors.hpp"
#include "tests/http/support/fake_exchange.hpp"

namespace parley::http::test {

class fake_provider final : public llm::provider {
public:
  std::unique_ptr<llm::generation> start(llm::prompt, boost::asio::io_context&,
                                         llm::report_function) override {
    ADD_FAILURE() << "routes do not generate";
    return nullptr;
  }

  void list_models(boost::asio::io_context&,
                   models_function on_models) override {
    ++listed;
    on_models(models);
  }

  [[nodiscard]] std::string_view name() const noexcept override {
    return "fake";
  }

  result<std::vector<llm::model_info>> models;
  int listed = 0;
};

// Registers the messages' types before the system looks at them.
struct test_config : caf::actor_system_config {
  test_config();
};

class world : public ::testing::Test {
protected:
  using pairs = std::vector<std::pair<std::string, std::string>>;

  world();
  // Clients whose answers are under way go.
  ~world() override;

  // Calls the handler of a route and lets happen what it causes.
  std::shared_ptr<fake_exchange> call(method on, std::string_view path,
                                      std::string body = {}, pairs headers = {},
                                      pairs query = {});

  // The same, but nothing happens before `run`.
  std::shared_ptr<fake_exchange> call_only(method on, std::string_view path,
                                           std::string body = {},
                                           pairs headers = {},
                                           pairs query = {});

  // Until nothing is left to do.
  void run();

  // A stream with new ids, in a new conversation.
  [[nodiscard]] start_event new_start();

  // The gateway answers the next open_stream with this, `session` as it is.
  void stream_opens(const start_event& start, bool replayed = false);

  test_config config;
  caf::actor_system system{config};
  boost::asio::io_context loop;
  telemetry::log log;
  telemetry::metrics metrics{system};
  config::settings settings;
  fake_provider provider;
  fake_gateway gateway{system, loop};
  fake_session session{system, loop};
  id_generator ids{node_tag{7}};
  std::vector<actors::open_stream> opened; // what the gateway was asked for
  router routes;

private:
  std::vector<std::weak_ptr<fake_exchange>> exchanges_;
};

} // namespace parley::http::test
