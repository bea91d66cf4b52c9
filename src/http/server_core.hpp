// What all connections of a server share: its surroundings, and one record for
// each event loop, touched by that loop's thread only.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <ctime>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include "http/cors.hpp"
#include "http/server.hpp"

namespace parley::http {

class connection;

// Bound to io_context's own executor: smaller and quicker than the type-erased
// one.
using loop_executor = boost::asio::io_context::executor_type;
using tcp_socket =
  boost::asio::basic_stream_socket<boost::asio::ip::tcp, loop_executor>;
using timer = boost::asio::basic_waitable_timer<
  std::chrono::steady_clock,
  boost::asio::wait_traits<std::chrono::steady_clock>, loop_executor>;

class loop_record {
public:
  loop_record(boost::asio::io_context& loop, std::uint32_t loop_index);

  boost::asio::io_context& context;
  const std::uint32_t index;
  // All that are open, and what keeps them alive.
  std::unordered_set<std::shared_ptr<connection>> connections;
  // Reads go here first, so that a connection that waits holds no buffer.
  std::vector<char> scratch;
  bool draining = false;
  bool stopped = false; // takes no connections any more

  // `Sun, 06 Nov 1994 08:49:37 GMT`, valid until the next call.
  [[nodiscard]] std::string_view http_date();
  [[nodiscard]] std::string new_request_id();

private:
  std::time_t date_second_ = 0;
  std::string date_;
  std::mt19937_64 random_;
};

struct server_core {
  server_core(caf::actor_system& actors, runtime::event_loops& event_loops,
              const config::settings& options, const http::router& router,
              const telemetry::log& logger, telemetry::metrics& figures);

  caf::actor_system& system;
  const config::settings& settings;
  const http::router& routes;
  const telemetry::log& log;
  telemetry::metrics& metrics;
  const cors_policy cors;
  std::vector<std::unique_ptr<loop_record>> loops;

  // Sockets from accept until their connection is gone. Thread-safe.
  void connection_opened();
  void connection_closed();
  [[nodiscard]] std::size_t open_connections() const noexcept {
    return open_.load(std::memory_order_relaxed);
  }
  // Blocks until all are gone, their loops run no more, or the time is over.
  void wait_until_closed(std::chrono::milliseconds patience);

private:
  std::atomic<std::size_t> open_ = 0;
  std::mutex mutex_;
  std::condition_variable closed_;
};

} // namespace parley::http
