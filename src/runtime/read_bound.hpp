// A bound on what a peer can make this node allocate.
//
// CAF reads the length of a message from its header and allocates that much at
// once, up to 4 GiB, before it knows who is talking. Behind TLS only members of
// the cluster get so far; on a plain port anyone does.
#pragma once

#include <cstddef>

#include <caf/io/basp/header.hpp>
#include <caf/io/receive_policy.hpp>

namespace parley::runtime {

// One message between nodes. An exported conversation is the largest that we
// send (http: limits.max-body-bytes at most 64 MiB).
inline constexpr std::size_t max_network_message_bytes = 256u * 1024 * 1024;

// The first thing that a peer says: who it is. Some hundred bytes.
inline constexpr std::size_t max_network_handshake_bytes = 64 * 1024;
static_assert(max_network_handshake_bytes < max_network_message_bytes);

// What a connection reads next, of what BASP wants to read. Of a message that
// is announced as too long it is one byte: BASP finds that this is not the
// whole message, and ends the connection. (Ending it here would be within
// BASP's own handling of the header, which is not made for that.)
class read_bound {
public:
  [[nodiscard]] caf::io::receive_policy::config
  operator()(caf::io::receive_policy::config wanted) {
    auto limit =
      greeted_ ? max_network_message_bytes : max_network_handshake_bytes;
    if (wanted.second > limit)
      return caf::io::receive_policy::exactly(1);
    // What is not a header is what a header has announced.
    greeted_ = greeted_ || wanted.second != caf::io::basp::header_size;
    return wanted;
  }

private:
  bool greeted_ = false; // the handshake is what is read now, or over
};

} // namespace parley::runtime
