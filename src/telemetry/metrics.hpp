// Every metric of Parley, in CAF's metric registry. /metrics prints the
// registry in Prometheus' text format. Pointers live as long as the actor
// system; recording is thread-safe and lock-free.
#pragma once

#include <string>

#include <caf/fwd.hpp>
#include <caf/telemetry/counter.hpp>
#include <caf/telemetry/gauge.hpp>
#include <caf/telemetry/histogram.hpp>

#include "chat/stream_record.hpp"

namespace parley::telemetry {

// Bucket bounds of all `…_seconds` histograms: 50 µs … 60 s.
struct metrics {
  explicit metrics(caf::actor_system& system);

  caf::telemetry::int_gauge* streams_in_flight;
  // Streams ended, by outcome: complete, truncated, cancelled, failed,
  // interrupted.
  [[nodiscard]] caf::telemetry::int_counter*
  streams_finished(stream_status outcome) const;
  caf::telemetry::int_counter* streams_refused;
  caf::telemetry::int_counter* streams_replayed; // by Idempotency-Key

  // From the request's last byte to the first token at the session.
  caf::telemetry::dbl_histogram* time_to_first_token;
  // Between two reports of deltas of one stream.
  caf::telemetry::dbl_histogram* inter_token_time;
  // What Parley adds, by stage: `accept` (request parsed until durable),
  // `token` (upstream read until written to the socket), `finish` (upstream's
  // end until durable).
  caf::telemetry::dbl_histogram* added_latency_accept;
  caf::telemetry::dbl_histogram* added_latency_token;
  caf::telemetry::dbl_histogram* added_latency_finish;

  caf::telemetry::int_gauge* connections;
  caf::telemetry::int_gauge* subscribers;
  caf::telemetry::int_counter* requests;
  caf::telemetry::int_counter* responses_5xx;
  caf::telemetry::int_counter* http_bytes_received;
  caf::telemetry::int_counter* http_bytes_sent;

  caf::telemetry::dbl_histogram* commit_time; // one write of the store
  caf::telemetry::int_counter* commits;
  caf::telemetry::int_counter* commit_failures;

  caf::telemetry::int_counter* upstream_attempts;
  caf::telemetry::int_counter* upstream_failures;

private:
  caf::telemetry::int_counter* finished_[5];
};

// The registry in Prometheus' text exposition format.
[[nodiscard]] std::string to_prometheus_text(caf::actor_system& system);

} // namespace parley::telemetry
