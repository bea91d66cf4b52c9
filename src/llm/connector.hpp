// One TCP connection to the first of several addresses that takes it, as
// RFC 8305 has it: the addresses are tried in their order, the next one as soon
// as one has failed or has been silent for a moment. Runs on its loop's thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

namespace parley::llm {

class connector : public std::enable_shared_from_this<connector> {
public:
  using endpoints = std::vector<boost::asio::ip::tcp::endpoint>;
  // On failure: the last address' error code, and a socket that is not open.
  using connect_function = std::function<void(boost::system::error_code,
                                              boost::asio::ip::tcp::socket)>;

  // Longer than a round trip anywhere, shorter than anyone's patience.
  static constexpr std::chrono::milliseconds head_start{250};

  static constexpr std::size_t max_addresses = 16;

  explicit connector(boost::asio::io_context& loop);

  // Precondition: `addresses` is not empty. Calls back once, later. Of very
  // many addresses the first max_addresses are tried.
  void start(endpoints addresses, connect_function on_done);

  // Closes whatever is open; there is no call afterwards, also from a `start`
  // that is still to come.
  void cancel();

  [[nodiscard]] bool cancelled() const noexcept {
    return cancelled_;
  }

private:
  void try_next();
  void arm_timer();
  void close_all();
  void take(std::size_t index, const boost::system::error_code& ec);

  boost::asio::io_context& loop_;
  boost::asio::steady_timer timer_;
  endpoints addresses_;
  std::vector<boost::asio::ip::tcp::socket> sockets_; // one per address tried
  std::size_t running_ = 0;
  boost::system::error_code last_error_;
  connect_function on_done_; // empty: over
  bool cancelled_ = false;
};

} // namespace parley::llm
