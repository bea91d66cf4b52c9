#include "llm/tls_context.hpp"

#include <utility>

#include <boost/asio/ip/address.hpp>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "llm/tls_socket_bio.hpp"

namespace parley::llm {

namespace {

bool is_address(const std::string& host) {
  boost::system::error_code ec;
  boost::asio::ip::make_address(host, ec);
  return !ec;
}

// SSL_set_tlsext_host_name without its macro's C cast.
bool set_server_name(SSL* ssl, std::string host) {
  return SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
                  host.data())
         == 1;
}

} // namespace

void ssl_deleter::operator()(SSL* ssl) const noexcept {
  SSL_free(ssl);
}

result<std::shared_ptr<tls_context>> tls_context::make(tls_options options) {
  auto made = std::make_shared<tls_context>(std::move(options));
  if (!made->context_)
    return fail(errc::internal, "OpenSSL could not be set up.");
  ERR_clear_error();
  if (!made->load_authorities())
    return fail(errc::invalid_request,
                "llm.tls-ca-file cannot be used: " + tls_error_text(nullptr)
                  + '.',
                "llm.tls-ca-file");
  return made;
}

tls_context::tls_context(tls_options options)
  : options_(std::move(options)), context_(SSL_CTX_new(TLS_client_method())) {
  if (!context_)
    return;
  SSL_CTX_set_min_proto_version(context_, TLS1_2_VERSION);
  // An idle connection gives its 16 KB buffers back. What could not be written
  // is offered again from where it then stands.
  SSL_CTX_set_mode(context_, SSL_MODE_RELEASE_BUFFERS
                               | SSL_MODE_ENABLE_PARTIAL_WRITE
                               | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_verify(
    context_, options_.verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, nullptr);
  static constexpr unsigned char http_1_1[] = {8,   'h', 't', 't', 'p',
                                               '/', '1', '.', '1'};
  SSL_CTX_set_alpn_protos(context_, http_1_1, sizeof http_1_1);
  SSL_CTX_set_session_cache_mode(context_, SSL_SESS_CACHE_CLIENT
                                             | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_set_app_data(context_, this);
  SSL_CTX_sess_set_new_cb(context_, &tls_context::on_new_session);
}

tls_context::~tls_context() {
  SSL_SESSION_free(session_);
  SSL_CTX_free(context_);
}

bool tls_context::load_authorities() {
  if (!options_.verify)
    return true;
  if (options_.ca_file.empty())
    return SSL_CTX_set_default_verify_paths(context_) == 1;
  return SSL_CTX_load_verify_locations(context_, options_.ca_file.c_str(),
                                       nullptr)
         == 1;
}

ssl_ptr tls_context::make_ssl(int socket) const {
  ssl_ptr made{SSL_new(context_)};
  auto* bio = made ? make_socket_bio(socket) : nullptr;
  if (!bio)
    return nullptr;
  SSL_set_bio(made.get(), bio, bio); // takes the BIO
  SSL_set_connect_state(made.get());
  const auto& host = options_.host;
  auto* expected = SSL_get0_param(made.get());
  bool named = false;
  if (is_address(host)) {
    named = X509_VERIFY_PARAM_set1_ip_asc(expected, host.c_str()) == 1;
  } else {
    X509_VERIFY_PARAM_set_hostflags(expected,
                                    X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    named = X509_VERIFY_PARAM_set1_host(expected, host.data(), host.size()) == 1
            && set_server_name(made.get(), host);
  }
  if (!named)
    return nullptr;
  const std::lock_guard guard{session_mutex_};
  if (session_)
    SSL_set_session(made.get(), session_);
  return made;
}

void tls_context::keep_session(SSL_SESSION* session) const {
  const std::lock_guard guard{session_mutex_};
  SSL_SESSION_free(std::exchange(session_, session));
}

int tls_context::on_new_session(SSL* ssl, SSL_SESSION* session) {
  const auto* self =
    static_cast<const tls_context*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
  self->keep_session(session);
  return 1; // the session's reference is ours now
}

std::string tls_error_text(const SSL* ssl) {
  const auto code = ERR_get_error();
  ERR_clear_error();
  const auto verified = ssl ? SSL_get_verify_result(ssl) : X509_V_OK;
  if (verified != X509_V_OK)
    return X509_verify_cert_error_string(verified);
  const char* reason = code != 0 ? ERR_reason_error_string(code) : nullptr;
  return reason ? reason : "the connection was closed";
}

} // namespace parley::llm
