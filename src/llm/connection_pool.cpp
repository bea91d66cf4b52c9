#include "llm/connection_pool.hpp"

#include <string>
#include <utility>

#include <boost/asio/post.hpp>

namespace parley::llm {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

connection_pool::connection_pool(asio::io_context& loop, url upstream,
                                 std::shared_ptr<const tls_context> tls,
                                 std::size_t max_idle)
  : loop_(loop),
    upstream_(std::move(upstream)),
    tls_(std::move(tls)),
    max_idle_(max_idle),
    sweep_timer_(loop),
    resolver_(loop) {
}

std::span<char> connection_pool::read_buffer() {
  if (!buffer_)
    buffer_ = std::make_unique_for_overwrite<char[]>(read_buffer_bytes);
  return {buffer_.get(), read_buffer_bytes};
}

void connection_pool::close() {
  closed_ = true;
  idle_.clear();
  sweep_timer_.cancel();
  resolver_.cancel();
}

// -- idle connections --------------------------------------------------------

std::unique_ptr<transport> connection_pool::take_idle() {
  const auto oldest = clock::now() - max_idle_age;
  while (!idle_.empty()) {
    auto latest = std::move(idle_.back());
    idle_.pop_back();
    if (latest.since >= oldest && latest.connection->is_quiet())
      return std::move(latest.connection);
  }
  return nullptr;
}

void connection_pool::give_back(std::unique_ptr<transport> connection) {
  if (closed_ || max_idle_ == 0 || !connection->is_quiet())
    return;
  if (idle_.size() >= max_idle_)
    idle_.erase(idle_.begin());
  idle_.push_back({std::move(connection), clock::now()});
  sweep_later();
}

void connection_pool::drop_idle() {
  idle_.clear();
}

void connection_pool::sweep_later() {
  if (std::exchange(sweeping_, true))
    return;
  sweep_timer_.expires_after(sweep_interval);
  sweep_timer_.async_wait([weak = weak_from_this()](error_code ec) {
    if (auto self = weak.lock(); self && !ec)
      self->sweep();
  });
}

void connection_pool::sweep() {
  sweeping_ = false;
  const auto oldest = clock::now() - max_idle_age;
  std::erase_if(idle_, [oldest](const idle_connection& one) {
    return one.since < oldest || !one.connection->is_quiet();
  });
  if (!idle_.empty())
    sweep_later();
}

// -- new connections ---------------------------------------------------------

void connection_pool::connect(std::shared_ptr<connector> via,
                              connect_function on_done) {
  resolve([this, via = std::move(via), on_done = std::move(on_done)](
            error_code ec, const connector::endpoints& addresses) mutable {
    if (via->cancelled())
      return;
    if (ec) {
      on_done(fail(unreachable(ec)));
      return;
    }
    via->start(addresses, [self = shared_from_this(),
                           on_done = std::move(on_done)](error_code result,
                                                         tcp::socket socket) {
      if (result) {
        // The upstream may have moved; ask again next time.
        self->addresses_until_ = {};
        on_done(fail(self->unreachable(result)));
        return;
      }
      on_done(std::make_unique<transport>(std::move(socket), self->tls_));
    });
  });
}

void connection_pool::resolve(resolved_function on_done) {
  if (!addresses_.empty() && clock::now() < addresses_until_) {
    on_done({}, addresses_);
    return;
  }
  waiting_.push_back(std::move(on_done));
  if (waiting_.size() > 1)
    return;
  error_code not_numeric;
  const auto address = asio::ip::make_address(upstream_.host, not_numeric);
  if (!not_numeric) {
    take_addresses({}, {tcp::endpoint{address, upstream_.port}});
    return;
  }
  resolver_.async_resolve(
    upstream_.host, std::to_string(upstream_.port),
    tcp::resolver::numeric_service,
    [self = shared_from_this()](error_code ec,
                                const tcp::resolver::results_type& found) {
      connector::endpoints addresses;
      for (const auto& entry : found)
        addresses.push_back(entry.endpoint());
      self->take_addresses(ec, std::move(addresses));
    });
}

void connection_pool::take_addresses(const error_code& ec,
                                     connector::endpoints found) {
  auto failure = ec;
  if (!ec && found.empty())
    failure = asio::error::host_not_found;
  addresses_ = std::move(found);
  addresses_until_ = clock::now() + address_lifetime;
  const auto addresses = addresses_;
  for (auto& one : std::exchange(waiting_, {}))
    one(failure, addresses);
}

error connection_pool::unreachable(const error_code& ec) const {
  return {errc::upstream_unreachable,
          "The upstream " + upstream_.authority()
            + " cannot be reached: " + ec.message() + '.',
          {},
          {},
          std::nullopt};
}

} // namespace parley::llm
