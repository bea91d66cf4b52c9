// OpenSSL on a non-blocking socket. OpenSSL's own socket BIO writes in a way
// that raises SIGPIPE when the peer has gone; this one does not.
#pragma once

#include <openssl/types.h>

namespace parley::llm {

// Does not own the socket. Null when there is no memory.
[[nodiscard]] BIO* make_socket_bio(int socket);

} // namespace parley::llm
