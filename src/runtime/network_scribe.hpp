// A connection between nodes: CAF's stream of bytes under an identity of its
// own.
//
// Why not CAF's: it names a connection by its file descriptor. BASP hears of a
// connection's end a moment later than the descriptor is free, and when a new
// connection has got the same one meanwhile, BASP takes the old one's end for
// the new one's, and keeps a way to its node that leads nowhere, for ever (CAF
// 0.18.7 and 1.1.0). Here no two connections of a process have the same name.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <utility>

#include <caf/io/network/default_multiplexer.hpp>
#include <caf/io/network/interfaces.hpp>
#include <caf/io/network/stream_impl.hpp>
#include <caf/io/scribe.hpp>

#include "runtime/read_bound.hpp"

namespace parley::runtime {

[[nodiscard]] inline caf::io::connection_handle next_connection_handle() {
  static std::atomic<std::int64_t> last{0};
  return caf::io::connection_handle::from_int(++last);
}

// Runs on CAF's networking thread. `Policy` reads and writes (CAF's stream_impl
// says how), and says in `writes_first` whether it has something to write of
// its own.
template <class Policy>
class network_scribe : public caf::io::scribe {
public:
  template <class... Args>
  network_scribe(caf::io::network::default_multiplexer& backend,
                 caf::io::network::native_socket socket, Args&&... policy)
    : caf::io::scribe(next_connection_handle()),
      stream_(backend, socket, std::forward<Args>(policy)...) {
  }

  void configure_read(caf::io::receive_policy::config config) override {
    stream_.configure_read(bound_(config));
    if (std::exchange(launched_, true))
      return;
    stream_.start(this);
    if constexpr (Policy::writes_first)
      stream_.force_empty_write(this);
  }

  void ack_writes(bool enable) override {
    stream_.ack_writes(enable);
  }

  caf::byte_buffer& wr_buf() override {
    return stream_.wr_buf();
  }

  caf::byte_buffer& rd_buf() override {
    return stream_.rd_buf();
  }

  void graceful_shutdown() override {
    stream_.graceful_shutdown();
    detach(&stream_.backend(), false);
  }

  void flush() override {
    stream_.flush(this);
  }

  std::string addr() const override {
    auto found = caf::io::network::remote_addr_of_fd(stream_.fd());
    return found ? std::move(*found) : std::string{};
  }

  std::uint16_t port() const override {
    auto found = caf::io::network::remote_port_of_fd(stream_.fd());
    return found ? *found : std::uint16_t{0};
  }

  void add_to_loop() override {
    stream_.activate(this);
  }

  void remove_from_loop() override {
    stream_.passivate();
  }

private:
  bool launched_ = false;
  read_bound bound_;
  caf::io::network::stream_impl<Policy> stream_;
};

} // namespace parley::runtime
