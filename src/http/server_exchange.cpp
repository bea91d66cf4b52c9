#include "http/server_exchange.hpp"

#include <algorithm>
#include <cassert>

#include "http/connection.hpp"

namespace parley::http {

server_exchange::server_exchange(std::shared_ptr<connection> connection,
                                 http::request request, http::parameters values)
  : connection_{std::move(connection)},
    request_{std::move(request)},
    parameters_{std::move(values)} {
}

server_exchange::~server_exchange() {
  if (!answered_)
    fail(error{errc::internal, {}, {}, {}, {}});
}

const request& server_exchange::request() const {
  return request_;
}

const std::string& server_exchange::parameter(std::string_view name) const {
  const auto found =
    std::find_if(parameters_.begin(), parameters_.end(),
                 [name](const auto& pair) { return pair.first == name; });
  assert(found != parameters_.end());
  return found->second;
}

bool server_exchange::take_answer() {
  on_gone_ = nullptr;
  return !std::exchange(answered_, true);
}

void server_exchange::respond(response what) {
  if (take_answer())
    connection_->respond(std::move(what));
}

void server_exchange::fail(const error& what) {
  if (take_answer())
    connection_->fail(what);
}

std::shared_ptr<event_stream> server_exchange::begin_event_stream(
  std::vector<std::pair<std::string, std::string>> extra_headers) {
  [[maybe_unused]] const bool first = take_answer();
  assert(first && "an exchange is answered once");
  return connection_->begin_event_stream(extra_headers);
}

bool server_exchange::gone() const {
  return connection_->client_is_gone();
}

void server_exchange::on_gone(std::function<void()> call) {
  if (answered_)
    return;
  if (gone() || connection_->client_sends_no_more())
    connection_->post_call(std::move(call));
  else
    on_gone_ = std::move(call);
}

void server_exchange::notify_gone() {
  if (const auto call = std::exchange(on_gone_, nullptr))
    call();
}

runtime::companion& server_exchange::actor() {
  return connection_->actor();
}

boost::asio::io_context& server_exchange::loop() {
  return connection_->loop().context;
}

std::uint32_t server_exchange::loop_index() const {
  return connection_->loop().index;
}

} // namespace parley::http
