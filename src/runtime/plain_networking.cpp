#include <caf/policy/tcp.hpp>

#include "runtime/network_scribe.hpp"
#include "runtime/networking.hpp"
#include "runtime/networking_actor.hpp"

namespace parley::runtime {

namespace {

struct plain_policy : caf::policy::tcp {
  static constexpr bool writes_first = false;
};

struct plain_sessions {
  static caf::io::scribe_ptr
  begin(caf::actor_system&, caf::io::network::default_multiplexer& backend,
        caf::io::network::native_socket socket, bool) {
    return caf::make_counted<network_scribe<plain_policy>>(backend, socket);
  }
};

} // namespace

caf::io::middleman_actor spawn_plain_networking(caf::actor_system& system) {
  return spawn_networking<plain_sessions>(system);
}

} // namespace parley::runtime
