// The HTTP server: listens, accepts on every event loop, serves connections.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>

#include <boost/asio/io_context.hpp>
#include <caf/actor_system.hpp>

#include "chat/result.hpp"
#include "config/settings.hpp"
#include "http/router.hpp"
#include "runtime/event_loops.hpp"
#include "telemetry/log.hpp"
#include "telemetry/metrics.hpp"

namespace parley::http {

class server {
public:
  // Everything passed must outlive the server.
  server(caf::actor_system& system, runtime::event_loops& loops,
         const config::settings& settings, const http::router& routes,
         const telemetry::log& log, telemetry::metrics& metrics);
  ~server();

  // Binds and listens; the error says which address and why. Returns the port
  // that the system chose.
  [[nodiscard]] result<std::uint16_t> start();

  // Stops accepting and closes connections that wait for a request; those with
  // a request or an event stream finish it first, with `Connection: close`.
  // Event streams hear of it (`event_stream::on_drain`). Returns when no
  // connection is left or `patience` is over. Not from a loop's thread.
  void drain(std::chrono::milliseconds patience);

  // Closes every connection. Returns when none is left. Not from a loop's
  // thread.
  void stop();

private:
  class state;
  std::shared_ptr<state> state_;
};

} // namespace parley::http
