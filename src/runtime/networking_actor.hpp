// What plain and TLS networking have in common; private to them.
//
// `Sessions` has a static `begin(system, backend, socket, accepted)` that makes
// a scribe of a connected, non-blocking socket; null when the peer is no use.
// The scribe owns the socket.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include <caf/actor_system.hpp>
#include <caf/detail/socket_guard.hpp>
#include <caf/io/basp_broker.hpp>
#include <caf/io/middleman.hpp>
#include <caf/io/middleman_actor_impl.hpp>
#include <caf/io/network/default_multiplexer.hpp>
#include <caf/io/network/doorman_impl.hpp>
#include <caf/io/network/interfaces.hpp>
#include <caf/sec.hpp>

namespace parley::runtime {

template <class Sessions>
caf::io::scribe_ptr make_scribe(caf::actor_system& system,
                                caf::io::network::default_multiplexer& backend,
                                caf::io::network::native_socket socket,
                                bool accepted) {
  caf::detail::socket_guard guard{socket};
  caf::io::network::nonblocking(socket, true);
  caf::io::scribe_ptr made = Sessions::begin(system, backend, socket, accepted);
  if (made)
    guard.release();
  return made;
}

// As CAF's own, with another kind of scribe.
template <class Sessions>
class networking_doorman : public caf::io::network::doorman_impl {
public:
  using caf::io::network::doorman_impl::doorman_impl;

  bool new_connection() override {
    if (detached())
      return false;
    auto& backend = acceptor_.backend();
    auto made = make_scribe<Sessions>(parent()->system(), backend,
                                      acceptor_.accepted_socket(), true);
    if (!made)
      return true; // that one is gone; others come
    auto handle = made->hdl();
    parent()->add_scribe(std::move(made));
    return doorman::new_connection(&backend, handle);
  }
};

template <class Sessions>
class networking_actor : public caf::io::middleman_actor_impl {
public:
  using caf::io::middleman_actor_impl::middleman_actor_impl;

  const char* name() const override {
    return "parley.networking";
  }

protected:
  caf::expected<caf::io::scribe_ptr> connect(const std::string& host,
                                             std::uint16_t port) override {
    auto socket = caf::io::network::new_tcp_connection(host, port);
    if (!socket)
      return std::move(socket.error());
    auto made = make_scribe<Sessions>(system(), backend(), *socket, false);
    if (!made)
      return caf::make_error(caf::sec::cannot_connect_to_node);
    return made;
  }

  caf::expected<caf::io::doorman_ptr>
  open(std::uint16_t port, const char* address, bool reuse) override {
    auto socket = caf::io::network::new_tcp_acceptor_impl(port, address, reuse);
    if (!socket)
      return std::move(socket.error());
    return caf::make_counted<networking_doorman<Sessions>>(backend(), *socket);
  }

private:
  caf::io::network::default_multiplexer& backend() {
    return static_cast<caf::io::network::default_multiplexer&>(
      system().middleman().backend());
  }
};

template <class Sessions>
caf::io::middleman_actor spawn_networking(caf::actor_system& system) {
  // Detached: looking up and connecting block.
  return system.spawn<networking_actor<Sessions>, caf::detached + caf::hidden>(
    system.middleman().named_broker<caf::io::basp_broker>("BASP"));
}

} // namespace parley::runtime
