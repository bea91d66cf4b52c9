#include "app/node.hpp"

#include <atomic>
#include <cstdio>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <unordered_map>

#include <caf/actor_system.hpp>
#include <caf/init_global_meta_objects.hpp>

#include "actors/recovery.hpp"
#include "actors/supervisor.hpp"
#include "app/node_identity.hpp"
#include "config/version.hpp"
#include "http/routes/routes.hpp"
#include "http/server.hpp"
#include "llm/make_provider.hpp"
#include "runtime/scheduler.hpp"
#include "storage/open.hpp"

namespace parley::app {

namespace {

// After a drain readers get so long to take their last frames.
constexpr std::chrono::milliseconds last_frames{500};

std::size_t loop_count(const config::settings& settings) {
  if (settings.runtime.threads > 0)
    return settings.runtime.threads;
  return std::max(1u, std::thread::hardware_concurrency());
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

exit_code serve(const config::settings& settings, const telemetry::log& log,
                const signals& signals, storage::store& store,
                std::unique_ptr<llm::provider> made_provider,
                id_generator& ids) {
  runtime::event_loops loops{loop_count(settings)};
  // Goes before the loops that its connections live on, after all actors.
  auto provider_owner = std::move(made_provider);
  auto& provider = *provider_owner;
  runtime::system_config config{loops};
  caf::actor_system system{config};
  telemetry::metrics metrics{system};
  if (!runtime::scheduler_runs_loops())
    loops.run_threads();
  std::atomic<bool> failed = false;
  actors::supervisor supervisor{
    system,
    {settings, store, provider, loops, ids, log, metrics, model_names(settings),
     random_fraction, [&failed, &log, &signals](const std::string& who) {
       log.error("actor.died", {{"actor", who}});
       failed = true;
       signals.wake();
     }}};
  http::router routes;
  http::routes::add_all(
    routes, {supervisor.gateway(), provider, settings, system, log, metrics});
  http::server server{system, loops, settings, routes, log, metrics};
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
    server.drain();
    std::this_thread::sleep_for(last_frames);
  }
  server.stop();
  supervisor.stop();
  if (!runtime::scheduler_runs_loops())
    loops.stop();
  log.info("node.stopped");
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
  id_generator ids{identity->tag};
  return serve(settings, log, signals, **store, std::move(*provider), ids);
}

} // namespace parley::app
