#include "tests/http/support/world.hpp"

#include <caf/init_global_meta_objects.hpp>

namespace parley::http::test {

test_config::test_config() {
  [[maybe_unused]] static const bool registered = [] {
    caf::init_global_meta_objects<caf::id_block::parley>();
    caf::core::init_global_meta_objects();
    return true;
  }();
  set("caf.scheduler.max-threads", 1);
}

world::world() {
  routes::add_all(
    routes, {gateway.handle(), {}, provider, settings, system, log, metrics});
}

world::~world() {
  for (const auto& one : exchanges_)
    if (auto exchange = one.lock())
      exchange->client_goes();
  run();
}

std::shared_ptr<fake_exchange> world::call_only(method on,
                                                std::string_view path,
                                                std::string body, pairs headers,
                                                pairs query) {
  const auto found = routes.match(on, path);
  if (found.route == nullptr) {
    ADD_FAILURE() << "no route for " << path;
    return nullptr;
  }
  request what;
  what.method = on;
  what.path = path;
  what.query = std::move(query);
  what.headers = std::move(headers);
  what.body = std::move(body);
  what.id = "req-1";
  auto exchange = std::make_shared<fake_exchange>(system, loop, std::move(what),
                                                  found.parameters);
  exchanges_.push_back(exchange);
  found.route->handler(exchange);
  return exchange;
}

std::shared_ptr<fake_exchange> world::call(method on, std::string_view path,
                                           std::string body, pairs headers,
                                           pairs query) {
  auto exchange =
    call_only(on, path, std::move(body), std::move(headers), std::move(query));
  run();
  return exchange;
}

void world::run() {
  loop.restart();
  loop.poll();
}

start_event world::new_start() {
  start_event start;
  start.stream = ids.next<stream_id>();
  start.conversation = ids.next<conversation_id>();
  start.user_message = ids.next<message_id>();
  start.message = ids.next<message_id>();
  start.model = "eliza";
  return start;
}

void world::stream_opens(const start_event& start, bool replayed) {
  gateway.open_stream = [this, start,
                         replayed](const actors::open_stream& what) {
    opened.push_back(what);
    return caf::result<actors::stream_opened>{
      actors::stream_opened{start, replayed, session.handle()}};
  };
}

} // namespace parley::http::test
