#include "tests/http/support/test_server.hpp"

#include <stdexcept>

#include <caf/event_based_actor.hpp>
#include <caf/init_global_meta_objects.hpp>

namespace parley::http::testing {

namespace {

struct caf_types {
  caf_types() {
    caf::core::init_global_meta_objects();
  }
};

config::settings adjusted(const test_server::adjustment& adjust) {
  static const caf_types before_any_system;
  config::settings result;
  result.http.listen.port = 0;
  if (adjust)
    adjust(result);
  return result;
}

response text(std::string body) {
  response result;
  result.content_type = "text/plain; charset=utf-8";
  result.body = std::move(body);
  return result;
}

caf::behavior doubling_actor() {
  return {[](int x) {
    return 2 * x;
  }};
}

} // namespace

test_server::test_server(const adjustment& adjust, std::size_t loops)
  : settings_{adjusted(adjust)},
    loops_{loops},
    config_{loops_},
    system_{config_},
    metrics_{system_} {
  if (!runtime::scheduler_runs_loops())
    loops_.run_threads();
  add_plain_routes();
  add_stream_routes();
  server_ = std::make_unique<http::server>(system_, loops_, settings_, routes_,
                                           log_, metrics_);
  const auto port = server_->start();
  if (!port)
    throw std::runtime_error{port.error().detail};
  port_ = *port;
}

test_server::~test_server() {
  server_->stop();
}

void test_server::write(const opened_stream& to, const std::string& frames) {
  std::promise<void> written;
  boost::asio::post(*to.loop, [&] {
    to.stream->write(frames, [&written] { written.set_value(); });
  });
  written.get_future().get();
}

void test_server::finish(opened_stream which) {
  on_loop(*which.loop, [&which] {
    which.stream->finish();
    which.stream.reset();
  });
}

void test_server::add_plain_routes() {
  routes_.add({method::get, "/hello", body_policy::none, [](exchange_ptr x) {
                 x->respond(text("hello"));
               }});
  routes_.add(
    {method::get, "/items/{id}", body_policy::none, [](exchange_ptr x) {
       auto result = x->parameter("id");
       for (const auto& [name, value] : x->request().query)
         result.append("|").append(name).append("=").append(value);
       x->respond(text(result));
     }});
  routes_.add({method::post, "/echo", body_policy::json, [](exchange_ptr x) {
                 response result;
                 result.body = x->request().body;
                 x->respond(std::move(result));
               }});
  routes_.add({method::post, "/bare", body_policy::none, [](exchange_ptr x) {
                 x->respond(text(std::to_string(x->request().body.size())));
               }});
  routes_.add(
    {method::del, "/items/{id}", body_policy::none, [](exchange_ptr x) {
       response result;
       result.status = 204;
       x->respond(std::move(result));
     }});
  routes_.add({method::get, "/large", body_policy::none, [](exchange_ptr x) {
                 const auto size = x->request().query_value("bytes");
                 const auto bytes =
                   std::stoul(std::string{size.value_or("5000")});
                 response result;
                 result.body = "\"" + std::string(bytes, 'x') + "\"";
                 x->respond(std::move(result));
               }});
  routes_.add(
    {method::get, "/v1/models", body_policy::none, [](exchange_ptr x) {
       x->respond(text("models"));
     }});
  routes_.add({method::get, "/throws", body_policy::none, [](exchange_ptr) {
                 throw std::runtime_error{"a secret of the inside"};
               }});
  routes_.add({method::get, "/forgets", body_policy::none, [](exchange_ptr) {
               }});
  routes_.add({method::get, "/busy", body_policy::none, [](exchange_ptr x) {
                 error what;
                 what.code = errc::overloaded;
                 what.detail = "too much";
                 what.retry_after = std::chrono::milliseconds{1500};
                 x->fail(what);
               }});
  routes_.add(
    {method::get, "/where", body_policy::none, [this](exchange_ptr x) {
       served_by.push(x->loop_index());
       x->respond(text(std::to_string(x->loop_index())));
     }});
  routes_.add({method::get, "/asks", body_policy::none, [](exchange_ptr x) {
                 auto& self = x->actor();
                 auto other = self.system().spawn(doubling_actor);
                 self.request(other, caf::infinite, 21).then([x](int answer) {
                   x->respond(text(std::to_string(answer)));
                 });
               }});
}

void test_server::add_stream_routes() {
  routes_.add(
    {method::get, "/later", body_policy::none, [this](exchange_ptr x) {
       x->on_gone([this] { gone.push("exchange"); });
       exchanges.push(std::move(x));
     }});
  const auto open = [this](const exchange_ptr& x) {
    auto stream = x->begin_event_stream({{"X-Stream-Id", "strm_1"}});
    stream->on_gone([this] { gone.push("stream"); });
    return stream;
  };
  routes_.add(
    {method::get, "/stream", body_policy::none, [this, open](exchange_ptr x) {
       streams.push({open(x), &x->loop(), x->loop_index()});
     }});
  // A whole stream from inside the handler.
  routes_.add(
    {method::get, "/short-stream", body_policy::none, [open](exchange_ptr x) {
       const auto stream = open(x);
       stream->write("data: 1\n\n", [] {});
       stream->finish();
     }});
  routes_.add(
    {method::get, "/dropped-stream", body_policy::none, [open](exchange_ptr x) {
       (void)open(x);
     }});
}

} // namespace parley::http::testing
