// Accepts connections and deals them out to the event loops in turn: with few
// loops an even share matters more than where a connection came in.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include <boost/asio/basic_socket_acceptor.hpp>

#include "chat/result.hpp"
#include "http/server_core.hpp"

namespace parley::http {

// Lives on the first event loop; `open` is called before it runs there.
class listener : public std::enable_shared_from_this<listener> {
public:
  explicit listener(std::shared_ptr<server_core> core);

  // Binds and listens; returns the port.
  [[nodiscard]] result<std::uint16_t> open();
  void start();
  void close();

private:
  using acceptor =
    boost::asio::basic_socket_acceptor<boost::asio::ip::tcp, loop_executor>;

  [[nodiscard]] boost::system::error_code
  bind(const boost::asio::ip::tcp::endpoint& address);
  void accept_next();
  void hand_over(loop_record& loop, tcp_socket socket);
  void wait_after(const boost::system::error_code& failure);

  std::shared_ptr<server_core> core_;
  acceptor acceptor_;
  timer retry_;
  std::size_t next_loop_ = 0;
  bool failing_ = false; // logged once until an accept succeeds
};

} // namespace parley::http
