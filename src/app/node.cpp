#include "app/node.hpp"

#include <atomic>
#include <cstdio>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <unordered_map>

#include <caf/actor_system.hpp>
#include <caf/init_global_meta_objects.hpp>

#include "actors/peer.hpp"
#include "actors/recovery.hpp"
#include "actors/supervisor.hpp"
#include "app/node_identity.hpp"
#include "config/version.hpp"
#include "http/routes/routes.hpp"
#include "http/server.hpp"
#include "llm/make_provider.hpp"
#include "runtime/caf_transport.hpp"
#include "runtime/scheduler.hpp"
#include "storage/open.hpp"

namespace parley::app {

namespace {

// After a drain readers get at most so long to take their last frames.
constexpr std::chrono::milliseconds last_frames{2000};

std::size_t loop_count(const config::settings& settings) {
  if (settings.runtime.threads > 0)
    return settings.runtime.threads;
  return runtime::usable_cores();
}

// Clients' names for models to the upstream's.
std::function<std::string(const std::string&)>
model_names(const config::settings& settings) {
  std::unordered_map<std::string, std::string> table;
  for (const auto& entry : settings.models)
    if (!entry.upstream.empty())
      table.emplace(entry.name, entry.upstream);
  return [table = std::move(table)](const std::string& name) {
    auto found = table.find(name);
    return found == table.end() ? name : found->second;
  };
}

double random_fraction() {
  thread_local std::minstd_rand source{std::random_device{}()};
  return std::uniform_real_distribution<double>(0, 1)(source);
}

std::string url_of(const config::endpoint& listen, std::uint16_t port) {
  auto host = listen.host.find(':') == std::string::npos
                ? listen.host
                : "[" + listen.host + "]";
  return "http://" + host + ":" + std::to_string(port);
}

// A store that can be used: opened, its open streams closed.
result<std::unique_ptr<storage::store>>
prepare_store(const config::settings& settings, const telemetry::log& log) {
  auto store = storage::open_rocksdb_store(settings.data_dir);
  if (!store)
    return store;
  auto closed = actors::close_open_streams(**store);
  if (!closed)
    return fail(std::move(closed.error()));
  if (*closed > 0)
    log.warn("recovery.streams_interrupted", {{"count", *closed}});
  return store;
}

// -- the cluster -------------------------------------------------------------

std::optional<runtime::network_settings>
network_of(const config::settings& settings) {
  const auto& cluster = settings.cluster;
  if (!cluster.listen)
    return std::nullopt;
  return runtime::network_settings{cluster.failure_timeout,
                                   cluster.tls_cert_file, cluster.tls_key_file,
                                   cluster.tls_ca_file};
}

// Where others reach this node, which listens on `port`.
config::endpoint reached_at(const config::settings& settings,
                            std::uint16_t port) {
  const auto& cluster = settings.cluster;
  if (cluster.advertise)
    return *cluster.advertise;
  auto host = cluster.listen->host;
  if (host == "0.0.0.0" || host == "::")
    host = host_name();
  return {host, port};
}

result<actors::cluster_environment>
cluster_of(const node_identity& identity, storage::store& store,
           runtime::cluster_transport& transport) {
  auto kept = store.get_meta(actors::members_value);
  if (!kept)
    return fail(std::move(kept.error()));
  actors::node_info self;
  self.tag = identity.tag;
  self.name = identity.name;
  std::random_device source;
  self.incarnation = (std::uint64_t{source()} << 32) | source();
  self.version = config::version();
  self.schema = actors::message_schema_version;
  return actors::cluster_environment{
    std::move(self), transport, actors::parse_members(kept->value_or("")), {}};
}

// The node listens for others and looks for them.
result<void> join_cluster(const config::settings& settings,
                          runtime::caf_transport& transport,
                          actors::supervisor& supervisor) {
  auto port = transport.publish(
    *settings.cluster.listen,
    caf::actor_cast<caf::strong_actor_ptr>(supervisor.peer()));
  if (!port)
    return fail(errc::internal,
                "cluster.listen (" + settings.cluster.listen->host + ":"
                  + std::to_string(settings.cluster.listen->port)
                  + ") cannot be listened on");
  supervisor.join_cluster(reached_at(settings, *port));
  return {};
}

// -- running -----------------------------------------------------------------

exit_code serve(const config::settings& settings, const telemetry::log& log,
                const signals& signals, storage::store& store,
                std::unique_ptr<llm::provider> made_provider,
                const node_identity& identity) {
  id_generator ids{identity.tag};
  auto network = network_of(settings);
  runtime::event_loops loops{loop_count(settings)};
  // Goes before the loops that its connections live on, after all actors.
  auto provider_owner = std::move(made_provider);
  auto& provider = *provider_owner;
  runtime::system_config config{loops, network ? &*network : nullptr};
  caf::actor_system system{config};
  telemetry::metrics metrics{system};
  if (!runtime::scheduler_runs_loops())
    loops.run_threads();
  std::optional<runtime::caf_transport> transport;
  std::optional<actors::cluster_environment> cluster;
  std::atomic<bool> failed = false;
  std::atomic<bool> refused = false;
  if (network) {
    transport.emplace(system, loops, *network);
    auto made = cluster_of(identity, store, *transport);
    if (!made) {
      log.error("cluster.no_members", {{"detail", made.error().detail}});
      return exit_code::no_storage;
    }
    cluster.emplace(std::move(*made));
    cluster->on_refused = [&refused, &log, &signals](const std::string& why) {
      log.error("cluster.refused_for_good", {{"reason", why}});
      refused = true;
      signals.wake();
    };
  }
  actors::supervisor supervisor{
    system,
    {settings, store, provider, loops, ids, log, metrics, model_names(settings),
     random_fraction,
     [&failed, &log, &signals](const std::string& who) {
       log.error("actor.died", {{"actor", who}});
       failed = true;
       signals.wake();
     },
     std::move(cluster)}};
  http::router routes;
  http::routes::add_all(routes, {supervisor.gateway(), supervisor.peer(),
                                 provider, settings, system, log, metrics});
  http::server server{system, loops, settings, routes, log, metrics};
  if (transport) {
    if (auto joined = join_cluster(settings, *transport, supervisor); !joined) {
      log.error("cluster.listen_failed", {{"detail", joined.error().detail}});
      return exit_code::no_listener;
    }
  }
  auto port = server.start();
  if (!port) {
    log.error("http.listen_failed", {{"detail", port.error().detail}});
    return exit_code::no_listener;
  }
  std::printf("parley: listening on %s\n",
              url_of(settings.http.listen, *port).c_str());
  std::fflush(stdout);
  auto signal = signals.wait();
  log.info("node.stopping", {{"signal", signal}});
  if (!failed) {
    supervisor.drain(settings.shutdown.grace);
    server.drain(last_frames);
  }
  server.stop();
  supervisor.stop();
  if (!runtime::scheduler_runs_loops())
    loops.stop();
  log.info("node.stopped");
  if (refused)
    return exit_code::bad_config;
  return failed ? exit_code::failure : exit_code::ok;
}

} // namespace

exit_code run_node(const config::settings& settings, const telemetry::log& log,
                   const signals& signals) {
  auto provider = llm::make_provider(settings);
  if (!provider) {
    log.error("llm.bad_config", {{"option", provider.error().field},
                                 {"detail", provider.error().detail}});
    return exit_code::bad_config;
  }
  if (auto network = network_of(settings); network && network->has_tls())
    if (auto why = runtime::check_tls_files(*network); !why.empty()) {
      log.error("cluster.bad_config", {{"detail", why}});
      return exit_code::bad_config;
    }
  auto store = prepare_store(settings, log);
  if (!store) {
    log.error("storage.open_failed", {{"data_dir", settings.data_dir},
                                      {"detail", store.error().detail}});
    return exit_code::no_storage;
  }
  auto identity = load_identity(**store, settings.node.name);
  if (!identity) {
    log.error("node.no_identity", {{"detail", identity.error().detail}});
    return exit_code::no_storage;
  }
  log.info("node.starting", {{"version", config::version()},
                             {"node", identity->name},
                             {"data_dir", settings.data_dir},
                             {"llm", (*provider)->name()}});
  return serve(settings, log, signals, **store, std::move(*provider),
               *identity);
}

} // namespace parley::app
