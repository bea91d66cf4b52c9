#include "actors/supervisor.hpp"

#include <map>
#include <utility>

#include <caf/event_based_actor.hpp>
#include <caf/scoped_actor.hpp>

#include "actors/cluster_gateway.hpp"
#include "actors/gateway.hpp"
#include "actors/journal.hpp"
#include "actors/peer.hpp"
#include "actors/persistence.hpp"
#include "actors/registry.hpp"
#include "actors/store_reader.hpp"

namespace parley::actors {

namespace {

// Threads for blocking reads. Reads are short; two keep one long export from
// holding up the rest.
constexpr std::size_t store_readers = 2;

session_environment
make_session_environment(caf::actor_system& system,
                         const supervisor_environment& env) {
  session_environment made{env.settings,       env.provider, env.loops, env.log,
                           &env.metrics,       {},           {},        {},
                           env.upstream_model, env.random};
  made.persistence = spawn_persistence(
    system, {env.store, env.ids, env.settings, env.log, &env.metrics});
  journal_settings journal{env.settings.streams.flush_interval,
                           env.settings.storage.durability
                             == config::durability::strict};
  for (std::size_t i = 0; i < env.loops.size(); ++i)
    made.journals.push_back(spawn_journal(system, made.persistence, journal));
  for (std::size_t i = 0; i < store_readers; ++i)
    made.readers.push_back(spawn_store_reader(system, env.store));
  return made;
}

// Monitors the actors it is told of.
class watcher : public caf::event_based_actor {
public:
  watcher(caf::actor_config& config,
          std::function<void(const std::string&)> on_failure)
    : caf::event_based_actor(config), on_failure_(std::move(on_failure)) {
    set_down_handler([this](caf::down_msg& what) {
      auto found = names_.find(what.source);
      on_failure_(found == names_.end() ? "unknown" : found->second);
    });
  }

  caf::behavior make_behavior() override {
    return {[this](const caf::actor& who, const std::string& called) {
      names_.emplace(who.address(), called);
      monitor(who);
    }};
  }

private:
  std::function<void(const std::string&)> on_failure_;
  std::map<caf::actor_addr, std::string> names_;
};

} // namespace

supervisor::supervisor(caf::actor_system& system,
                       supervisor_environment environment)
  : system_(system),
    env_(std::move(environment)),
    session_env_(make_session_environment(system, env_)) {
  registry_ = spawn_registry(system_, session_env_, env_.ids);
  gateway_ = spawn_gateway(
    system_, {registry_, session_env_.persistence, session_env_.readers});
  door_ = gateway_;
  watcher_ = system_.spawn<watcher>(env_.on_failure);
  if (env_.cluster)
    spawn_cluster();
  watch(caf::actor_cast<caf::actor>(gateway_), "gateway");
  watch(caf::actor_cast<caf::actor>(registry_), "registry");
  watch(caf::actor_cast<caf::actor>(session_env_.persistence), "persistence");
  for (const auto& journal : session_env_.journals)
    watch(caf::actor_cast<caf::actor>(journal), "journal");
  for (const auto& reader : session_env_.readers)
    watch(caf::actor_cast<caf::actor>(reader), "store_reader");
}

void supervisor::spawn_cluster() {
  auto& cluster = *env_.cluster;
  cluster_gateway_ = spawn_cluster_gateway(
    system_, {env_.settings, cluster.self.tag, gateway_, session_env_.readers});
  door_ = cluster_gateway_;
  peer_ = spawn_peer(system_,
                     {env_.settings, env_.log, cluster.transport, cluster.self,
                      registry_, session_env_.persistence, gateway_,
                      cluster_gateway_, cluster.known, cluster.on_refused});
  watch(caf::actor_cast<caf::actor>(cluster_gateway_), "cluster_gateway");
  watch(caf::actor_cast<caf::actor>(peer_), "peer");
}

void supervisor::join_cluster(const config::endpoint& reached_at) {
  caf::anon_send(peer_, listening{reached_at.host, reached_at.port});
}

supervisor::~supervisor() {
  stop();
}

void supervisor::watch(const caf::actor& who, std::string name) {
  caf::anon_send(watcher_, who, std::move(name));
}

void supervisor::drain(std::chrono::milliseconds grace) {
  if (peer_)
    caf::anon_send(peer_, leaving{});
  caf::scoped_actor self{system_};
  self->request(registry_, caf::infinite, actors::drain{grace})
    .receive([] {}, [](const caf::error&) {});
}

void supervisor::stop() {
  if (!watcher_)
    return;
  caf::scoped_actor self{system_};
  auto end = [&self](const auto& who) {
    self->send_exit(who, caf::exit_reason::user_shutdown);
    self->wait_for(who);
  };
  end(std::exchange(watcher_, nullptr));
  door_ = nullptr;
  if (peer_) {
    end(std::exchange(peer_, nullptr));
    end(std::exchange(cluster_gateway_, nullptr));
  }
  end(std::exchange(gateway_, nullptr));
  end(std::exchange(registry_, nullptr));
  for (const auto& journal : session_env_.journals)
    end(journal);
  end(session_env_.persistence);
  for (const auto& reader : session_env_.readers)
    end(reader);
  session_env_.journals.clear();
  session_env_.readers.clear();
  session_env_.persistence = nullptr;
}

} // namespace parley::actors
