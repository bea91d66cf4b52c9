// The cluster's transport: CAF's BASP protocol over TCP, or over mutual TLS
// with CAF's OpenSSL module.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include <caf/actor_system.hpp>
#include <caf/io/middleman_actor.hpp>

#include "runtime/cluster_transport.hpp"
#include "runtime/event_loops.hpp"

namespace parley::runtime {

// What a node's networking needs to know before its actor system is made.
struct network_settings {
  // A peer that is silent for so long is disconnected. Heartbeats are sent five
  // times as often.
  std::chrono::milliseconds failure_timeout{5000};
  // PEM files; all three or none (plain TCP).
  std::string tls_cert_file;
  std::string tls_key_file;
  std::string tls_ca_file;

  [[nodiscard]] bool has_tls() const noexcept {
    return !tls_cert_file.empty();
  }
};

// Why these files cannot be used; empty: they can. CAF finds out at the first
// connection, and throws.
[[nodiscard]] std::string check_tls_files(const network_settings& settings);

// Once per process, before the first actor system.
void init_network_types();

// Needs an actor system whose configuration had `network_settings`.
class caf_transport final : public cluster_transport {
public:
  caf_transport(caf::actor_system& system, event_loops& loops,
                const network_settings& settings);
  ~caf_transport() override;

  caf_transport(const caf_transport&) = delete;
  caf_transport& operator=(const caf_transport&) = delete;

  // Listens, and answers whoever connects with `door`. Port 0: the system
  // chooses. Blocks; returns the port.
  [[nodiscard]] caf::expected<std::uint16_t>
  publish(const config::endpoint& at, caf::strong_actor_ptr door);

  void connect(const config::endpoint& to, connected_function then) override;

private:
  caf::actor_system& system_;
  event_loops& loops_;
  std::chrono::milliseconds patience_; // of one attempt to connect
  caf::io::middleman_actor networking_;
};

} // namespace parley::runtime
