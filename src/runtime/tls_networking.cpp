#include <exception>
#include <utility>

#include <caf/openssl/session.hpp>
#include <openssl/err.h>

#include "runtime/network_scribe.hpp"
#include "runtime/networking.hpp"
#include "runtime/networking_actor.hpp"

namespace parley::runtime {

namespace {

namespace io = caf::io;
using caf::openssl::session_ptr;
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

struct tls_sessions {
  static io::scribe_ptr begin(caf::actor_system& system,
                              io::network::default_multiplexer& backend,
                              native_socket socket, bool accepted) {
    auto session = begin_session(system, socket, accepted);
    if (!session)
      return nullptr;
    return caf::make_counted<network_scribe<tls_policy>>(backend, socket,
                                                         std::move(session));
  }
};

} // namespace

io::middleman_actor spawn_tls_networking(caf::actor_system& system) {
  return spawn_networking<tls_sessions>(system);
}

} // namespace parley::runtime
