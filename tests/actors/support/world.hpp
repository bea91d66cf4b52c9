// A whole node's actors.
//
//   CAF_TEST(…) {
//     settings.llm.max_attempts = 1;          // before the first use
//     auto opened = open(ask("Hello"));
//     auto reader = read(opened.session);
//     upstream().emit("Hi.");
//     upstream().finish();
//     settle();
//     …
//   }
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "actors/gateway.hpp"
#include "actors/interfaces.hpp"
#include "actors/journal.hpp"
#include "actors/persistence.hpp"
#include "actors/registry.hpp"
#include "actors/session.hpp"
#include "actors/store_reader.hpp"
#include "llm/scripted_provider.hpp"
#include "telemetry/metrics.hpp"
#include "tests/actors/support/faulty_store.hpp"
#include "tests/actors/support/test_system.hpp"

namespace parley::tests {

// The scripted model, and one that throws.
class test_provider final : public llm::provider {
public:
  llm::scripted_provider scripted;
  bool throws = false;
  bool names_nothing = false; // it is never done with listing its models

  std::unique_ptr<llm::generation>
  start(llm::prompt what, boost::asio::io_context& loop,
        llm::report_function on_report) override;
  void list_models(boost::asio::io_context& loop,
                   models_function on_models) override;
  [[nodiscard]] std::string_view name() const noexcept override {
    return "test";
  }
};

class world : public test_system {
public:
  world();
  ~world() override;

  // -- what a test may change before the first use ----------------------------

  config::settings settings;
  faulty_store store;
  test_provider provider;
  std::function<double()> random = [] {
    return 0.5;
  };
  std::function<std::string(const std::string&)> upstream_model =
    [](const std::string& name) {
      return name;
    };

  // -- the actors; the first use spawns them ----------------------------------

  const gateway_actor& gateway();
  const registry_actor& registry();
  const session_environment& environment();

  // -- asking -----------------------------------------------------------------

  // A request to the gateway; delivers everything.
  template <class T, class What>
  answer<T> ask_node(What what) {
    auto made = send_request<T>(gateway(), std::move(what));
    settle();
    return made;
  }

  // A request with this text into a new conversation.
  [[nodiscard]] static chat_request ask(std::string text = "Hello");
  // The next one in the same conversation.
  [[nodiscard]] static chat_request ask_again(const stream_opened& before,
                                              std::string text = "And?");
  // Opens a stream, which must succeed.
  stream_opened open(chat_request what);
  answer<stream_opened> try_open(chat_request what);

  // -- reading ----------------------------------------------------------------

  session_actor find(const stream_id& id);
  // All that a stream is, read from its beginning.
  fake_reader replay(const stream_id& id);

  // -- looking ----------------------------------------------------------------

  llm::scripted_run& upstream() {
    return provider.scripted.last_run();
  }
  [[nodiscard]] std::size_t starts() const noexcept {
    return provider.scripted.starts();
  }
  [[nodiscard]] message answer_of(const stream_opened& stream);
  [[nodiscard]] stream_state state_of(const stream_opened& stream);
  [[nodiscard]] conversation conversation_of(const stream_opened& stream);
  // Actors that run beside those that a node always has and a test's readers.
  [[nodiscard]] std::size_t streams_alive();
  [[nodiscard]] std::int64_t streams_in_flight();

private:
  void start();
  void end_all();

  runtime::event_loops loops_{1};
  id_generator ids_{node_tag{7}};
  telemetry::log log_;
  telemetry::metrics metrics_;
  session_environment env_;
  registry_actor registry_;
  gateway_actor gateway_;
  std::size_t always_alive_ = 0;
};

} // namespace parley::tests
