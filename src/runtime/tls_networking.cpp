#include "runtime/tls_networking.hpp"

#include <exception>
#include <string>
#include <utility>

#include <caf/detail/socket_guard.hpp>
#include <caf/io/basp_broker.hpp>
#include <caf/io/middleman.hpp>
#include <caf/io/middleman_actor_impl.hpp>
#include <caf/io/network/default_multiplexer.hpp>
#include <caf/io/network/doorman_impl.hpp>
#include <caf/io/network/interfaces.hpp>
#include <caf/openssl/session.hpp>
#include <openssl/err.h>

#include "runtime/network_scribe.hpp"

namespace parley::runtime {

namespace {

namespace io = caf::io;
using caf::openssl::session_ptr;
using io::network::default_multiplexer;
using io::network::native_socket;
using io::network::rw_state;

// A new session on a connected socket; null when its peer has hung up already,
// or when CAF cannot read the certificates just now (they are being replaced):
// it reads them for each session, and throws.
session_ptr begin_session(caf::actor_system& system, native_socket socket,
                          bool accepted) {
  ERR_clear_error();
  try {
    return caf::openssl::make_session(system, socket, accepted);
  } catch (const std::exception&) {
    return nullptr;
  }
}

// Reads and writes of a TLS session, as CAF's streams want them.
class tls_policy {
public:
  // The handshake may have something to write before anybody else has.
  static constexpr bool writes_first = true;

  explicit tls_policy(session_ptr session) : session_(std::move(session)) {
  }

  rw_state read_some(std::size_t& count, native_socket socket, void* buffer,
                     std::size_t size) {
    ERR_clear_error();
    return session_->read_some(count, socket, buffer, size);
  }

  rw_state write_some(std::size_t& count, native_socket socket,
                      const void* buffer, std::size_t size) {
    ERR_clear_error();
    return session_->write_some(count, socket, buffer, size);
  }

  bool must_read_more(native_socket socket, std::size_t threshold) {
    return session_->must_read_more(socket, threshold);
  }

private:
  session_ptr session_;
};

using tls_scribe = network_scribe<tls_policy>;

class tls_doorman : public io::network::doorman_impl {
public:
  using io::network::doorman_impl::doorman_impl;

  bool new_connection() override {
    if (detached())
      return false;
    auto& backend = acceptor_.backend();
    auto socket = acceptor_.accepted_socket();
    caf::detail::socket_guard guard{socket};
    io::network::nonblocking(socket, true);
    auto session = begin_session(parent()->system(), socket, true);
    if (!session)
      return true; // that one is gone; others come
    auto made =
      caf::make_counted<tls_scribe>(backend, socket, std::move(session));
    guard.release(); // the connection owns it
    auto handle = made->hdl();
    parent()->add_scribe(std::move(made));
    return doorman::new_connection(&backend, handle);
  }
};

class tls_networking : public io::middleman_actor_impl {
public:
  using io::middleman_actor_impl::middleman_actor_impl;

  const char* name() const override {
    return "parley.tls-networking";
  }

protected:
  caf::expected<io::scribe_ptr> connect(const std::string& host,
                                        std::uint16_t port) override {
    auto socket = io::network::new_tcp_connection(host, port);
    if (!socket)
      return std::move(socket.error());
    caf::detail::socket_guard guard{*socket};
    io::network::nonblocking(*socket, true);
    auto session = begin_session(system(), *socket, false);
    if (!session)
      return caf::make_error(caf::sec::cannot_connect_to_node);
    guard.release();
    return caf::make_counted<tls_scribe>(backend(), *socket,
                                         std::move(session));
  }

  caf::expected<io::doorman_ptr> open(std::uint16_t port, const char* address,
                                      bool reuse) override {
    auto socket = io::network::new_tcp_acceptor_impl(port, address, reuse);
    if (!socket)
      return std::move(socket.error());
    return caf::make_counted<tls_doorman>(backend(), *socket);
  }

private:
  default_multiplexer& backend() {
    return static_cast<default_multiplexer&>(system().middleman().backend());
  }
};

} // namespace

io::middleman_actor spawn_tls_networking(caf::actor_system& system) {
  return system.spawn<tls_networking, caf::detached + caf::hidden>(
    system.middleman().named_broker<io::basp_broker>("BASP"));
}

} // namespace parley::runtime
