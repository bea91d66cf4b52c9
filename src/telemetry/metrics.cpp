#include "telemetry/metrics.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <chrono>
#include <filesystem>

#include <caf/actor_system.hpp>
#include <caf/span.hpp>
#include <caf/telemetry/collector/prometheus.hpp>
#include <caf/telemetry/importer/process.hpp>
#include <caf/telemetry/label_view.hpp>
#include <caf/telemetry/metric_registry.hpp>

#include "config/version.hpp"

namespace parley::telemetry {

namespace {

using registry = caf::telemetry::metric_registry;

constexpr auto prefix = "parley";

constexpr std::array<double, 19> second_bounds{
  0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05,
  0.1,     0.25,   0.5,     1,      2.5,   5,      10,    30,   60};

constexpr std::array outcomes{stream_status::complete, stream_status::truncated,
                              stream_status::cancelled, stream_status::failed,
                              stream_status::interrupted};

caf::telemetry::int_gauge* gauge(registry& into, const char* name,
                                 const char* help) {
  return into.gauge_singleton(prefix, name, help);
}

caf::telemetry::int_counter* counter(registry& into, const char* name,
                                     const char* help, const char* unit = "1") {
  return into.counter_singleton(prefix, name, help, unit, true);
}

caf::span<const double> bounds() {
  return {second_bounds.data(), second_bounds.size()};
}

caf::telemetry::dbl_histogram* seconds(registry& into, const char* name,
                                       const char* help) {
  return into.histogram_singleton<double>(prefix, name, bounds(), help,
                                          "seconds");
}

// By way of the family: CAF's histogram_instance does not compile.
caf::telemetry::dbl_histogram* added_latency(registry& into,
                                             const char* stage) {
  auto* family = into.histogram_family<double>(
    prefix, "added_latency", {"stage"}, bounds(),
    "What Parley adds: accept (request parsed until durable), token (upstream "
    "read until written to the socket), finish (upstream's end until durable).",
    "seconds");
  return family->get_or_add({{"stage", stage}});
}

// File descriptors in use. Connections are most of them, and running out is how
// a server that is too small shows.
std::int64_t count_open_files() {
  std::error_code failure;
  std::int64_t count = 0;
  std::filesystem::directory_iterator entry{"/proc/self/fd", failure};
  while (!failure && entry != std::filesystem::directory_iterator{}) {
    ++count;
    entry.increment(failure);
  }
  return count;
}

void register_process(registry& into) {
  using namespace std::chrono;
  auto now = system_clock::now().time_since_epoch();
  into
    .gauge_singleton<double>("process", "start_time",
                             "When the process began to work, in seconds since "
                             "the Unix epoch.",
                             "seconds")
    ->value(duration<double>(now).count());
  auto version = std::string{config::version()};
  into
    .gauge_instance(prefix, "build_info", {{"version", version}},
                    "Always 1; the label says which build this is.")
    ->value(1);
}

void refresh_process(registry& into) {
  caf::telemetry::importer::process process{into};
  process.update();
  into
    .gauge_singleton("process", "open_fds", "Number of open file descriptors.")
    ->value(count_open_files());
}

// CAF's collector ends each sample with the time of the scrape. Prometheus
// advises against it: such series have no staleness, and a clock that runs
// ahead gets its samples refused.
std::string without_timestamps(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  while (!text.empty()) {
    auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    if (!line.starts_with('#'))
      line = line.substr(0, line.rfind(' '));
    result += line;
    result += '\n';
  }
  return result;
}

} // namespace

metrics::metrics(caf::actor_system& system) {
  auto& to = system.metrics();
  streams_in_flight =
    gauge(to, "streams_in_flight", "Streams that have not ended.");
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    auto outcome = std::string{to_string(outcomes[i])};
    finished_[i] = to.counter_instance(
      prefix, "streams_finished", {{"outcome", outcome}},
      "Streams that have ended, by the status of their message.", "1", true);
  }
  streams_refused =
    counter(to, "streams_refused", "Requests for a stream that were refused.");
  streams_replayed =
    counter(to, "streams_replayed",
            "Requests that joined an earlier stream by Idempotency-Key.");
  time_to_first_token =
    seconds(to, "time_to_first_token",
            "From a request's last byte to the first token at its session.");
  inter_token_time =
    seconds(to, "inter_token_time", "Between two reads of one answer's text.");
  added_latency_accept = added_latency(to, "accept");
  added_latency_token = added_latency(to, "token");
  added_latency_finish = added_latency(to, "finish");
  connections = gauge(to, "http_connections", "Open client connections.");
  subscribers =
    gauge(to, "subscribers", "Readers that are connected to a stream.");
  requests = counter(to, "http_requests", "Requests whose header was read.");
  responses_5xx =
    counter(to, "http_responses_5xx", "Answers with a status of 500 and up.");
  http_bytes_received =
    counter(to, "http_received", "Bytes read from clients.", "bytes");
  http_bytes_sent =
    counter(to, "http_sent", "Bytes written to clients.", "bytes");
  commit_time =
    seconds(to, "store_commit_time", "One write of the store, sync included.");
  commits = counter(to, "store_commits", "Writes of the store.");
  commit_failures =
    counter(to, "store_commit_failures", "Writes of the store that failed.");
  upstream_attempts =
    counter(to, "upstream_attempts", "Requests sent to the upstream.");
  upstream_failures =
    counter(to, "upstream_failures", "Attempts that ended with an error.");
  register_process(to);
}

caf::telemetry::int_counter*
metrics::streams_finished(stream_status outcome) const {
  assert(is_terminal(outcome));
  auto first = static_cast<std::size_t>(outcomes.front());
  return finished_[static_cast<std::size_t>(outcome) - first];
}

std::string to_prometheus_text(caf::actor_system& system) {
  refresh_process(system.metrics());
  caf::telemetry::collector::prometheus collector;
  auto text = collector.collect_from(system.metrics());
  return without_timestamps({text.data(), text.size()});
}

} // namespace parley::telemetry
