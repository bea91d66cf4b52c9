// How connections to an https upstream are secured: TLS 1.2 or newer, the
// certificate and the host's name checked. One per provider, shared by its
// loops; thread-safe.
#pragma once

#include <memory>
#include <mutex>
#include <string>

#include <openssl/types.h>

#include "chat/result.hpp"

struct ssl_session_st; // OpenSSL's SSL_SESSION

namespace parley::llm {

struct tls_options {
  std::string host;    // the name or the IP address that certificates must hold
  std::string ca_file; // PEM; empty: the system's authorities
  bool verify = true;
};

struct ssl_deleter {
  void operator()(SSL* ssl) const noexcept;
};
using ssl_ptr = std::unique_ptr<SSL, ssl_deleter>;

class tls_context {
public:
  // Fails with errc::invalid_request, field `llm.tls-ca-file`, when the file
  // cannot be read or holds no certificate.
  [[nodiscard]] static result<std::shared_ptr<tls_context>>
  make(tls_options options);

  explicit tls_context(tls_options options);
  ~tls_context();
  tls_context(const tls_context&) = delete;
  tls_context& operator=(const tls_context&) = delete;

  // A client's side of a connection over `socket` (a file descriptor that must
  // outlive it): SNI, expected name and, where there is one, the last session
  // set. Null when OpenSSL has no memory.
  [[nodiscard]] ssl_ptr make_ssl(int socket) const;

  [[nodiscard]] const std::string& host() const noexcept {
    return options_.host;
  }

private:
  bool load_authorities();
  void keep_session(ssl_session_st* session) const;
  static int on_new_session(SSL* ssl, ssl_session_st* session);

  tls_options options_;
  SSL_CTX* context_;
  // The upstream's latest session, so that the next connection is cheaper.
  // Touched once per handshake.
  mutable std::mutex session_mutex_;
  mutable ssl_session_st* session_ = nullptr;
};

// What went wrong last in OpenSSL on this thread, as a clause; clears it.
[[nodiscard]] std::string tls_error_text(const SSL* ssl);

} // namespace parley::llm
