// What the requests to one upstream share on one event loop: the connections
// that are kept alive, the upstream's addresses, and the buffer for reading.
// Belongs to the loop's thread, so nothing is locked.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include "chat/result.hpp"
#include "llm/connector.hpp"
#include "llm/tls_context.hpp"
#include "llm/transport.hpp"
#include "llm/url.hpp"

namespace parley::llm {

class connection_pool : public std::enable_shared_from_this<connection_pool> {
public:
  // What one read can bring: some hundred tokens of an upstream in haste.
  static constexpr std::size_t read_buffer_bytes = 64 * 1024;
  // Most servers end an idle connection after 5 to 75 seconds.
  static constexpr std::chrono::seconds max_idle_age{60};
  // How often idle connections are looked at, so that none that the peer has
  // closed is kept for long.
  static constexpr std::chrono::seconds sweep_interval{5};
  // Addresses are asked for again after this; a burst of new connections asks
  // once.
  static constexpr std::chrono::seconds address_lifetime{10};

  // `tls` is null for http. `max_idle`: connections that are kept.
  connection_pool(boost::asio::io_context& loop, url upstream,
                  std::shared_ptr<const tls_context> tls, std::size_t max_idle);

  // -- idle connections ------------------------------------------------------

  // The connection that was used last and still stands; null when there is
  // none.
  [[nodiscard]] std::unique_ptr<transport> take_idle();

  // Takes back a connection whose response was complete. Closes it where there
  // are enough.
  void give_back(std::unique_ptr<transport> connection);

  // Closes those that wait: one of them turned out to be dead.
  void drop_idle();

  // -- new connections -------------------------------------------------------

  using connect_function =
    std::function<void(result<std::unique_ptr<transport>>)>;

  // Resolves and connects; TLS is still to be negotiated. Calls back once,
  // later, with errc::upstream_unreachable on failure, unless `via` is
  // cancelled first.
  void connect(std::shared_ptr<connector> via, connect_function on_done);

  // -- reading ---------------------------------------------------------------

  // Scratch space, valid until control returns to the loop.
  [[nodiscard]] std::span<char> read_buffer();

  // Closes idle connections, keeps none from now on.
  void close();

  [[nodiscard]] boost::asio::io_context& loop() noexcept {
    return loop_;
  }
  [[nodiscard]] const url& upstream() const noexcept {
    return upstream_;
  }
  [[nodiscard]] std::size_t idle_count() const noexcept {
    return idle_.size();
  }

private:
  using clock = std::chrono::steady_clock;
  using resolved_function =
    std::function<void(boost::system::error_code, const connector::endpoints&)>;

  struct idle_connection {
    std::unique_ptr<transport> connection;
    clock::time_point since;
  };

  void sweep_later();
  void sweep();
  void resolve(resolved_function on_done);
  void take_addresses(const boost::system::error_code& ec,
                      connector::endpoints found);
  [[nodiscard]] error unreachable(const boost::system::error_code& ec) const;

  boost::asio::io_context& loop_;
  url upstream_;
  std::shared_ptr<const tls_context> tls_;
  std::size_t max_idle_;
  bool closed_ = false;

  std::vector<idle_connection> idle_; // the latest last
  boost::asio::steady_timer sweep_timer_;
  bool sweeping_ = false;

  boost::asio::ip::tcp::resolver resolver_;
  connector::endpoints addresses_;
  clock::time_point addresses_until_{};
  std::vector<resolved_function> waiting_; // for the addresses

  std::unique_ptr<char[]> buffer_; // made at the first read
};

} // namespace parley::llm
