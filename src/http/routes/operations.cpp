#include <string>
#include <utility>
#include <vector>

#include <caf/config.hpp>

#include "http/reply.hpp"
#include "http/routes/ask.hpp"
#include "http/routes/openapi.hpp"
#include "http/routes/routes.hpp"
#include "wire/json_writer.hpp"

namespace parley::http::routes {

namespace {

// -- GET /healthz, GET /version, GET /openapi.json ----------------------------

// Being able to answer is all there is to it.
void respond_alive(const exchange_ptr& exchange) {
  exchange->respond(json_reply(200, R"({"status":"ok"})"));
}

std::string encode_version() {
  std::string body;
  wire::json_writer out{body};
  out.begin_object();
  out.key("name").string("parley");
  out.key("version").string(PARLEY_VERSION);
  out.key("caf_version")
    .string(std::to_string(CAF_MAJOR_VERSION) + "."
            + std::to_string(CAF_MINOR_VERSION) + "."
            + std::to_string(CAF_PATCH_VERSION));
  out.end_object();
  return body;
}

void respond_version(const exchange_ptr& exchange) {
  exchange->respond(json_reply(200, encode_version()));
}

void respond_openapi(const exchange_ptr& exchange) {
  exchange->respond(json_reply(200, std::string{openapi_document()}));
}

// -- GET /metrics -------------------------------------------------------------

void respond_metrics(const services& with, const exchange_ptr& exchange) {
  exchange->respond(reply(200, "text/plain; version=0.0.4; charset=utf-8",
                          telemetry::to_prometheus_text(with.system)));
}

// -- GET /readyz --------------------------------------------------------------

// A probe asks every few seconds; a node that cannot say within one of them
// that it takes work does not take any.
constexpr std::chrono::seconds readiness_timeout{2};

void respond_unready(http::exchange& to,
                     const std::vector<std::string>& reasons) {
  std::string body;
  wire::json_writer out{body};
  out.begin_object();
  out.key("status").string("unready");
  out.key("reasons").begin_array();
  for (const auto& reason : reasons)
    out.string(reason);
  out.end_array().end_object();
  to.respond(json_reply(503, std::move(body), {{"Retry-After", "5"}}));
}

void respond_readiness(const services& with, const exchange_ptr& exchange) {
  exchange->actor()
    .request(with.gateway, readiness_timeout, actors::get_node_status{})
    .then(
      [exchange](const actors::node_status& status) {
        if (status.ready)
          exchange->respond(json_reply(200, R"({"status":"ready"})"));
        else
          respond_unready(*exchange, status.reasons);
      },
      [exchange](const caf::error& why) {
        respond_unready(*exchange, {actors::to_error(why).detail});
      });
}

} // namespace

void add_operations(router& to, const services& with) {
  to.add({method::get, "/healthz", body_policy::none, respond_alive});
  to.add({method::get, "/readyz", body_policy::none,
          [with](const exchange_ptr& exchange) {
            respond_readiness(with, exchange);
          }});
  to.add({method::get, "/metrics", body_policy::none,
          [with](const exchange_ptr& exchange) {
            respond_metrics(with, exchange);
          }});
  to.add({method::get, "/version", body_policy::none, respond_version});
  to.add({method::get, "/openapi.json", body_policy::none, respond_openapi});
}

} // namespace parley::http::routes
