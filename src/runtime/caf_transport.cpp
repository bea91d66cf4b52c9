#include "runtime/caf_transport.hpp"

#include <memory>
#include <set>
#include <string>
#include <utility>

#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/io/middleman.hpp>
#include <caf/openssl/manager.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/sec.hpp>
#include <openssl/ssl.h>

#include "runtime/networking.hpp"

namespace parley::runtime {

namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using found_function = std::function<void(const std::string& address)>;

// Whether a host answers at all, without blocking anyone: CAF's own connect
// would wait for minutes for one that is cut off, and everybody behind it.
// Calls `then` with its address, or with an empty one.
class probe : public std::enable_shared_from_this<probe> {
public:
  probe(asio::io_context& loop, found_function then)
    : resolver_(loop), socket_(loop), timer_(loop), then_(std::move(then)) {
  }

  void start(const config::endpoint& to, std::chrono::milliseconds patience) {
    timer_.expires_after(patience);
    timer_.async_wait([self = shared_from_this()](const auto& code) {
      if (!code)
        self->end({});
    });
    resolver_.async_resolve(
      to.host, std::to_string(to.port),
      [self = shared_from_this()](const auto& code, const auto& found) {
        if (code)
          self->end({});
        else
          self->connect(found);
      });
  }

private:
  void connect(const tcp::resolver::results_type& found) {
    if (!then_)
      return;
    asio::async_connect(
      socket_, found,
      [self = shared_from_this()](const auto& code, const auto& where) {
        self->end(code ? std::string{} : where.address().to_string());
      });
  }

  void end(const std::string& address) {
    timer_.cancel();
    resolver_.cancel();
    boost::system::error_code ignored;
    socket_.close(ignored);
    if (auto then = std::exchange(then_, nullptr))
      then(address);
  }

  tcp::resolver resolver_;
  tcp::socket socket_;
  asio::steady_timer timer_;
  found_function then_;
};

// Asks CAF for a connection.
void handshake(caf::actor_system& system,
               const caf::io::middleman_actor& networking,
               const std::string& address, std::uint16_t port,
               std::chrono::milliseconds patience,
               cluster_transport::connected_function then) {
  system.spawn<caf::hidden>(
    [networking, address, port, patience, then](caf::event_based_actor* self) {
      self->request(networking, patience, caf::connect_atom_v, address, port)
        .then(
          [then](const caf::node_id&, caf::strong_actor_ptr& found,
                 const std::set<std::string>&) {
            if (found)
              then(std::move(found));
            else
              then(caf::make_error(caf::sec::no_actor_published_at_port));
          },
          [then](caf::error& why) { then(std::move(why)); });
    });
}

} // namespace

std::string check_tls_files(const network_settings& settings) {
  std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context{
    SSL_CTX_new(TLS_method()), SSL_CTX_free};
  if (!context)
    return "OpenSSL cannot be used";
  if (SSL_CTX_use_certificate_chain_file(context.get(),
                                         settings.tls_cert_file.c_str())
      != 1)
    return "cluster.tls-cert-file (" + settings.tls_cert_file
           + ") cannot be read as PEM certificates";
  if (SSL_CTX_use_PrivateKey_file(context.get(), settings.tls_key_file.c_str(),
                                  SSL_FILETYPE_PEM)
      != 1)
    return "cluster.tls-key-file (" + settings.tls_key_file
           + ") cannot be read as a PEM private key without a passphrase, or "
             "does not belong to cluster.tls-cert-file";
  if (SSL_CTX_load_verify_locations(context.get(), settings.tls_ca_file.c_str(),
                                    nullptr)
      != 1)
    return "cluster.tls-ca-file (" + settings.tls_ca_file
           + ") cannot be read as PEM certificates";
  return {};
}

void init_network_types() {
  caf::io::middleman::init_global_meta_objects();
  caf::openssl::manager::init_global_meta_objects();
}

caf_transport::caf_transport(caf::actor_system& system, event_loops& loops,
                             const network_settings& settings)
  : system_(system),
    loops_(loops),
    patience_(settings.failure_timeout),
    networking_(settings.has_tls() ? spawn_tls_networking(system)
                                   : spawn_plain_networking(system)) {
}

caf_transport::~caf_transport() {
  caf::scoped_actor self{system_, true};
  self->send_exit(networking_, caf::exit_reason::kill);
  self->wait_for(networking_);
}

caf::expected<std::uint16_t>
caf_transport::publish(const config::endpoint& at, caf::strong_actor_ptr door) {
  caf::scoped_actor self{system_, true};
  caf::expected<std::uint16_t> result{caf::sec::cannot_open_port};
  auto types = system_.message_types(caf::actor_cast<caf::actor>(door));
  self
    ->request(networking_, caf::infinite, caf::publish_atom_v, at.port,
              std::move(door), std::move(types), at.host, true)
    .receive([&result](std::uint16_t port) { result = port; },
             [&result](caf::error& why) { result = std::move(why); });
  return result;
}

void caf_transport::connect(const config::endpoint& to,
                            connected_function then) {
  auto& loop = loops_.at(0);
  auto on_found = [this, port = to.port,
                   then = std::move(then)](const std::string& address) {
    if (address.empty())
      then(caf::make_error(caf::sec::cannot_connect_to_node));
    else
      handshake(system_, networking_, address, port, patience_, then);
  };
  asio::post(loop, [&loop, to, on_found, patience = patience_] {
    std::make_shared<probe>(loop, on_found)->start(to, patience);
  });
}

} // namespace parley::runtime
