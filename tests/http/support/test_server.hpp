// A real server on a port that the system chose, with routes made for tests.
#pragma once

#include <cstdint>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <utility>

#include <boost/asio/post.hpp>
#include <caf/actor_system.hpp>

#include "http/server.hpp"
#include "runtime/event_loops.hpp"
#include "runtime/scheduler.hpp"
#include "telemetry/log.hpp"
#include "telemetry/metrics.hpp"
#include "tests/http/support/channel.hpp"

namespace parley::http::testing {

// A stream that `GET /stream` has opened.
struct opened_stream {
  std::shared_ptr<event_stream> stream;
  boost::asio::io_context* loop = nullptr;
  std::uint32_t loop_index = 0;
};

class test_server {
public:
  using adjustment = std::function<void(config::settings&)>;

  explicit test_server(const adjustment& adjust = {}, std::size_t loops = 1);
  ~test_server();

  [[nodiscard]] std::uint16_t port() const noexcept {
    return port_;
  }
  [[nodiscard]] http::server& server() noexcept {
    return *server_;
  }
  [[nodiscard]] telemetry::metrics& metrics() noexcept {
    return metrics_;
  }

  // What `GET /stream` opened, in order; what `GET /later` was asked.
  channel<opened_stream> streams;
  channel<exchange_ptr> exchanges;
  // "stream" or "exchange", as their clients go.
  channel<std::string> gone;
  // The threads' loop of each `GET /where`.
  channel<std::uint32_t> served_by;

  // Runs on the loop and waits until it has run.
  template <class Call>
  static void on_loop(boost::asio::io_context& loop, Call call) {
    std::promise<void> ran;
    boost::asio::post(loop, [&call, &ran] {
      call();
      ran.set_value();
    });
    ran.get_future().get();
  }

  // Writes and waits for `on_written`.
  static void write(const opened_stream& to, const std::string& frames);
  static void finish(opened_stream which);

private:
  void add_plain_routes();
  void add_stream_routes();

  config::settings settings_;
  runtime::event_loops loops_;
  runtime::system_config config_;
  caf::actor_system system_;
  telemetry::metrics metrics_;
  telemetry::log log_;
  router routes_;
  std::unique_ptr<http::server> server_;
  std::uint16_t port_ = 0;
};

} // namespace parley::http::testing
