// Every route of the server, by group (API.md). A group adds its routes to the
// router; what a handler needs it takes from `services`.
#pragma once

#include <caf/actor_system.hpp>

#include "actors/interfaces.hpp"
#include "config/settings.hpp"
#include "http/router.hpp"
#include "http/stream_reader.hpp"
#include "llm/provider.hpp"
#include "telemetry/log.hpp"
#include "telemetry/metrics.hpp"

namespace parley::http::routes {

// The references outlive the router; the router is gone before the actor
// system is, because it holds the gateway.
struct services {
  actors::gateway_actor gateway;
  actors::peer_actor peer; // null: this node is alone
  llm::provider& provider;
  const config::settings& settings;
  caf::actor_system& system;
  const telemetry::log& log;
  telemetry::metrics& metrics;
};

[[nodiscard]] inline reader_services reader_services_of(const services& with) {
  return {with.system, with.gateway, with.metrics, with.log};
}

// Start a stream (API §1): POST /api/v1/chat/message/stream,
// POST /api/v1/chat/message, POST /api/v1/chat/streams.
void add_chat(router& to, const services& with);

// A stream's life (API §2): GET /api/v1/chat/streams/{id}, …/events, POST
// …/cancel.
void add_streams(router& to, const services& with);

// Conversations and their messages (API §3).
void add_conversations(router& to, const services& with);

// GET /v1/models, GET /v1/models/{id} (API §4).
void add_models(router& to, const services& with);

// GET /api/v1/cluster.
void add_cluster(router& to, const services& with);

// GET /healthz, /readyz, /metrics, /version, /openapi.json (API §5).
void add_operations(router& to, const services& with);

void add_all(router& to, const services& with);

} // namespace parley::http::routes
