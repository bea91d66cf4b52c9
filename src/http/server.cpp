#include "http/server.hpp"

#include <boost/asio/post.hpp>

#include "http/connection.hpp"
#include "http/listener.hpp"
#include "http/server_core.hpp"

namespace parley::http {

class server::state {
public:
  explicit state(std::shared_ptr<server_core> shared)
    : core{std::move(shared)}, accepting{std::make_shared<listener>(core)} {
  }

  // On every loop, in a handler of its own.
  template <class Call>
  void on_each_loop(Call call) const {
    for (const auto& loop : core->loops)
      boost::asio::post(loop->context,
                        [core = core, &loop = *loop, call] { call(loop); });
  }

  void stop_accepting() const {
    boost::asio::post(core->loops.front()->context,
                      [accepting = accepting] { accepting->close(); });
  }

  std::shared_ptr<server_core> core;
  std::shared_ptr<listener> accepting;
  bool started = false;
};

server::server(caf::actor_system& system, runtime::event_loops& loops,
               const config::settings& settings, const http::router& routes,
               const telemetry::log& log, telemetry::metrics& metrics)
  : state_{std::make_shared<state>(std::make_shared<server_core>(
    system, loops, settings, routes, log, metrics))} {
}

server::~server() {
  stop();
}

result<std::uint16_t> server::start() {
  auto port = state_->accepting->open();
  if (!port)
    return port;
  state_->started = true;
  boost::asio::post(state_->core->loops.front()->context,
                    [accepting = state_->accepting] { accepting->start(); });
  return port;
}

void server::drain(std::chrono::milliseconds patience) {
  state_->stop_accepting();
  state_->on_each_loop([](loop_record& loop) {
    loop.draining = true;
    // A copy: connections leave the set when they close.
    const auto open = loop.connections;
    for (const auto& each : open)
      each->drain();
  });
  state_->core->wait_until_closed(patience);
}

void server::stop() {
  if (!std::exchange(state_->started, false))
    return;
  state_->stop_accepting();
  state_->on_each_loop([](loop_record& loop) {
    loop.stopped = true;
    const auto open = loop.connections;
    for (const auto& each : open)
      each->close();
  });
  state_->core->wait_until_closed(std::chrono::hours{1});
}

} // namespace parley::http
