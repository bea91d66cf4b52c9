#include "runtime/bounded_networking.hpp"

#include <string>
#include <utility>

#include <caf/io/basp_broker.hpp>
#include <caf/io/middleman.hpp>
#include <caf/io/middleman_actor_impl.hpp>
#include <caf/io/network/default_multiplexer.hpp>
#include <caf/io/network/doorman_impl.hpp>
#include <caf/io/network/interfaces.hpp>
#include <caf/policy/tcp.hpp>

#include "runtime/network_scribe.hpp"

namespace parley::runtime {

namespace {

namespace io = caf::io;
using io::network::default_multiplexer;
using io::network::native_socket;

struct plain_policy : caf::policy::tcp {
  static constexpr bool writes_first = false;
};

using plain_scribe = network_scribe<plain_policy>;

class bounded_doorman : public io::network::doorman_impl {
public:
  using io::network::doorman_impl::doorman_impl;

  // As CAF's own, with another kind of scribe.
  bool new_connection() override {
    if (detached())
      return false;
    auto& backend = acceptor_.backend();
    auto made =
      caf::make_counted<plain_scribe>(backend, acceptor_.accepted_socket());
    auto handle = made->hdl();
    parent()->add_scribe(std::move(made));
    return doorman::new_connection(&backend, handle);
  }
};

class bounded_networking : public io::middleman_actor_impl {
public:
  using io::middleman_actor_impl::middleman_actor_impl;

  const char* name() const override {
    return "parley.networking";
  }

protected:
  caf::expected<io::scribe_ptr> connect(const std::string& host,
                                        std::uint16_t port) override {
    auto socket = io::network::new_tcp_connection(host, port);
    if (!socket)
      return std::move(socket.error());
    io::network::nonblocking(*socket, true);
    return caf::make_counted<plain_scribe>(backend(), *socket);
  }

  caf::expected<io::doorman_ptr> open(std::uint16_t port, const char* address,
                                      bool reuse) override {
    auto socket = io::network::new_tcp_acceptor_impl(port, address, reuse);
    if (!socket)
      return std::move(socket.error());
    return caf::make_counted<bounded_doorman>(backend(), *socket);
  }

private:
  default_multiplexer& backend() {
    return static_cast<default_multiplexer&>(system().middleman().backend());
  }
};

} // namespace

io::middleman_actor spawn_bounded_networking(caf::actor_system& system) {
  // Detached: looking up and connecting block.
  return system.spawn<bounded_networking, caf::detached + caf::hidden>(
    system.middleman().named_broker<io::basp_broker>("BASP"));
}

} // namespace parley::runtime
