// A whole node's actors under CAF's deterministic coordinator: nothing runs
// before a test says so, and time moves only by hand.
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
//
// When a test is over, all actors are taken down, and it is an error when one
// is left.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <caf/event_based_actor.hpp>

#include "actors/errors.hpp"
#include "actors/gateway.hpp"
#include "actors/interfaces.hpp"
#include "actors/journal.hpp"
#include "actors/persistence.hpp"
#include "actors/registry.hpp"
#include "actors/session.hpp"
#include "actors/store_reader.hpp"
#include "llm/scripted_provider.hpp"
#include "telemetry/metrics.hpp"
#include "tests/actors/support/fake_reader.hpp"
#include "tests/actors/support/faulty_store.hpp"

#include <caf/test/dsl.hpp>

namespace parley::tests {

using namespace std::chrono_literals;
using namespace parley::actors;

// What a request came to.
template <class T>
class answer {
public:
  [[nodiscard]] bool pending() const noexcept {
    return !state_->value && !state_->why;
  }
  // Fails the test when it was refused or is pending.
  [[nodiscard]] const T& value() const {
    if (!state_->value)
      CAF_FAIL("no answer: " + why().detail);
    return *state_->value;
  }
  // `none`: not refused.
  [[nodiscard]] errc code() const {
    return state_->why ? state_->why->code : errc::none;
  }
  [[nodiscard]] error why() const {
    return state_->why.value_or(error{errc::none, "pending", {}, {}, {}});
  }

private:
  friend class world;
  friend class cluster_world;
  struct state {
    std::optional<T> value;
    std::optional<error> why;
  };
  std::shared_ptr<state> state_ = std::make_shared<state>();
};

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

class world : public test_coordinator_fixture<> {
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

  // -- running ----------------------------------------------------------------

  // Delivers all messages; no time passes.
  void settle();
  // Moves the clock, timer by timer, and delivers what they cause.
  void advance(std::chrono::nanoseconds by);

  // -- asking -----------------------------------------------------------------

  // Sends a request, as a client, and delivers nothing yet.
  template <class T, class Handle, class... Args>
  answer<T> send_request(const Handle& to, Args... what) {
    answer<T> made;
    auto to_state = made.state_;
    auto on_error = [to_state](const caf::error& why) {
      to_state->why = to_error(why);
    };
    // It is not run by the scheduler now: its last context is gone.
    client_->context(nullptr);
    auto request = client_->request(to, caf::infinite, std::move(what)...);
    if constexpr (std::is_same_v<T, caf::unit_t>)
      std::move(request).then([to_state] { to_state->value.emplace(); },
                              on_error);
    else
      std::move(request).then(
        [to_state](T& x) { to_state->value = std::move(x); }, on_error);
    return made;
  }
  // The same to the gateway, and delivers everything.
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

  // A reader that has not subscribed yet.
  fake_reader make_reader(pace how = pace::slow);
  // Subscribes a new reader that keeps up; must succeed.
  fake_reader read(const session_actor& session, seq_t after = 0);
  // The same with one that has this credit, and gets more by `grant`.
  fake_reader read_slowly(const session_actor& session, seq_t after,
                          std::uint32_t credit);
  answer<subscribed> try_read(fake_reader& reader, const session_actor& session,
                              seq_t after, std::uint32_t credit);
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
  std::size_t actors_before_ = 0;
  caf::event_based_actor* client_ = nullptr; // held by `client_handle_`
  caf::actor client_handle_;
  registry_actor registry_;
  gateway_actor gateway_;
  std::vector<reader_actor> readers_;
  std::size_t always_alive_ = 0;
};

} // namespace parley::tests
