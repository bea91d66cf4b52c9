#include "actors/peer.hpp"

#include <algorithm>
#include <chrono>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <utility>

#include <caf/typed_event_based_actor.hpp>

#include "actors/errors.hpp"
#include "actors/member_table.hpp"
#include "actors/timer.hpp"

namespace parley::actors {

namespace {

using std::chrono::milliseconds;
using time_point = caf::actor_clock::time_point;

// How often a node tells the others how much it does, and looks for those that
// are away; give or take a quarter, so that two nodes do not connect to each
// other at the same moments again and again: of two connections between them
// CAF closes one on each side, and these may be different ones.
constexpr milliseconds tick_interval{1000};

// Members and addresses that a peer keeps. Others' words are not trusted
// without end.
constexpr std::size_t max_members = 4096;

class peer : public peer_actor::base {
public:
  peer(caf::actor_config& config, peer_environment environment)
    : peer_actor::base(config),
      env_(std::move(environment)),
      table_(env_.self),
      random_(static_cast<std::uint32_t>(env_.self.incarnation)) {
    load_.from = env_.self.tag;
    for (const auto& one : env_.known)
      table_.learn(one);
  }

  behavior_type make_behavior() override {
    set_down_handler([this](caf::down_msg& what) { on_down(what); });
    tell_gateway();
    return {
      [this](const std::string& greeting) { return on_greeting(greeting); },
      [this](join& what) { return on_join(std::move(what)); },
      [this](const node_load& what) { on_load(what); },
      [this](const node_sees& what) { on_sees(what); },
      [this](get_cluster) { return table_.view(load_); },
      [this](const listening& what) {
        table_.set_address(what.host, what.port);
        env_.log.info("cluster.listening",
                      {{"host", what.host}, {"port", what.port}});
        tick();
      },
      [this](leaving) {
        load_.draining = true;
        tell_load();
        tell_gateway();
      },
    };
  }

  void on_exit() override {
    for (const auto& [tag, one] : table_.members())
      if (one.up())
        demonitor(one.peer);
    env_.door = nullptr;
    env_.gateway = nullptr;
    env_.registry = nullptr;
    env_.persistence = nullptr;
    table_ = member_table{env_.self};
  }

private:
  using member = member_table::member;
  using host_port = std::pair<std::string, std::uint16_t>;

  // -- looking for others
  // ----------------------------------------------------------

  void tick() {
    request(env_.registry, caf::infinite, get_load{})
      .then([this](const node_load& what) {
        load_.streams = what.streams;
        load_.draining |= what.draining;
        tell_load();
        tell_gateway();
      });
    // Once for all that has changed, and when those that have just become
    // members know this node, too.
    if (std::exchange(sees_due_, false))
      tell_sees();
    for (const auto& address : missing())
      connect(address);
    std::uniform_int_distribution<milliseconds::rep> spread(
      3 * tick_interval.count() / 4, 5 * tick_interval.count() / 4);
    run_after(this, milliseconds{spread(random_)}, [this] { tick(); });
  }

  // Addresses where a node should be that is not a member.
  [[nodiscard]] std::vector<config::endpoint> missing() const {
    std::set<host_port> found;
    for (const auto& seed : env_.settings.cluster.seeds)
      found.emplace(seed.host, seed.port);
    for (const auto& [tag, one] : table_.members())
      found.emplace(one.info.host, one.info.port);
    found.erase({table_.self().host, table_.self().port});
    for (const auto& [tag, one] : table_.members())
      if (one.up())
        found.erase({one.info.host, one.info.port});
    std::vector<config::endpoint> made;
    for (const auto& [host, port] : found)
      if (!busy_.contains({host, port}) && !leads_to_somebody({host, port}))
        made.push_back({host, port});
    return made;
  }

  // It is another name for this node's address, or for that of one that is up.
  [[nodiscard]] bool leads_to_somebody(const host_port& address) const {
    auto found = aliases_.find(address);
    if (found == aliases_.end())
      return false;
    if (found->second == table_.self().tag)
      return true;
    auto who = table_.members().find(found->second);
    return who != table_.members().end() && who->second.up();
  }

  void connect(const config::endpoint& to) {
    busy_.emplace(to.host, to.port);
    env_.transport.connect(to, [this, self = caf::weak_actor_ptr{ctrl()}, to](
                                 caf::expected<caf::strong_actor_ptr> found) {
      auto strong = self.lock();
      if (!strong)
        return;
      // Back to this actor's thread.
      auto then = caf::make_action(
        [this, to, found = std::move(found)] { on_connected(to, found); });
      caf::anon_send(caf::actor_cast<caf::actor>(strong), std::move(then));
    });
  }

  void on_connected(const config::endpoint& to,
                    const caf::expected<caf::strong_actor_ptr>& found) {
    if (!found) {
      busy_.erase({to.host, to.port});
      return;
    }
    auto other = caf::actor_cast<peer_actor>(*found);
    request(other, env_.settings.cluster.failure_timeout,
            encode_greeting(table_.self()))
      .then(
        [this, to, other](const std::string& text) {
          on_reply(to, other, parse_reply(text));
        },
        [this, to](const caf::error&) {
          busy_.erase({to.host, to.port});
        });
  }

  void on_reply(const config::endpoint& to, const peer_actor& other,
                const parsed_reply& reply) {
    if (reply.kind != greeting_reply::ok) {
      busy_.erase({to.host, to.port});
      on_refused(to, reply);
      return;
    }
    if (auto why = table_.refuse(reply.info)) {
      busy_.erase({to.host, to.port});
      refuse(reply.info, *why);
      return;
    }
    refused_since_.reset();
    join what{table_.self(), caf::actor_cast<peer_actor>(ctrl()), env_.door,
              caf::actor_cast<claims_actor>(env_.gateway), table_.infos()};
    request(other, env_.settings.cluster.failure_timeout, std::move(what))
      .then(
        [this, to, other](joined& answer) {
          busy_.erase({to.host, to.port});
          // A seed's address may be another name for a member.
          if (to.host != answer.info.host || to.port != answer.info.port)
            aliases_[{to.host, to.port}] = answer.info.tag;
          enter({answer.info, other, answer.door, answer.claims, {}, {}},
                answer.known);
        },
        [this, to](const caf::error&) {
          busy_.erase({to.host, to.port});
        });
  }

  void on_refused(const config::endpoint& by, const parsed_reply& reply) {
    if (reply.kind == greeting_reply::self) {
      aliases_[{by.host, by.port}] = table_.self().tag;
      return;
    }
    auto where = by.host + ":" + std::to_string(by.port);
    env_.log.error("cluster.refused",
                   {{"by", where}, {"reason", reply.sentence}});
    if (reply.kind != greeting_reply::duplicate)
      return;
    auto now = home_system().clock().now();
    if (!refused_since_)
      refused_since_ = now;
    // Longer than it takes to notice that this node's last life is over.
    auto patience = 2 * env_.settings.cluster.failure_timeout + tick_interval;
    if (now - *refused_since_ >= patience)
      env_.on_refused(reply.sentence);
  }

  // -- members
  // ---------------------------------------------------------------------

  std::string on_greeting(const std::string& text) {
    auto who = parse_greeting(text);
    if (!who) {
      env_.log.warn("cluster.malformed_greeting", {{"bytes", text.size()}});
      return encode_refusal(greeting_reply::malformed, who.error().detail);
    }
    if (auto why = table_.refuse(*who)) {
      refuse(*who, *why);
      return encode_refusal(why->why, why->sentence);
    }
    return encode_reply(table_.self());
  }

  void refuse(const node_info& who, const member_table::refusal& why) {
    if (why.why != greeting_reply::self)
      env_.log.error("cluster.node_refused",
                     {{"node", who.name}, {"reason", why.sentence}});
  }

  caf::result<joined> on_join(join&& what) {
    if (auto why = table_.refuse(what.info))
      return to_caf({errc::forbidden, why->sentence, {}, {}, std::nullopt});
    if (!what.peer || !what.door || !what.claims)
      return to_caf({errc::invalid_request,
                     "a join without handles",
                     {},
                     {},
                     std::nullopt});
    joined answer{table_.self(), env_.door,
                  caf::actor_cast<claims_actor>(env_.gateway), table_.infos()};
    enter({what.info, what.peer, what.door, what.claims, {}, {}}, what.known);
    return answer;
  }

  void enter(member who, const std::vector<node_info>& known) {
    auto name = who.info.name;
    auto tag = who.info.tag;
    if (auto* present = table_.find(tag); present != nullptr && present->up()) {
      if (present->peer == who.peer)
        return;
      demonitor(present->peer);
    }
    monitor(who.peer);
    auto is_new = table_.find(tag) == nullptr;
    auto version = who.info.version;
    if (table_.enter(std::move(who))) {
      env_.log.info("cluster.node_up", {{"node", name}, {"version", version}});
      sees_due_ = true;
    }
    for (const auto& one : known)
      if (table_.members().size() < max_members)
        is_new |= table_.learn(one);
    if (is_new)
      keep_members();
    tell_gateway();
  }

  void on_down(const caf::down_msg& what) {
    const auto* gone = table_.leave(what.source);
    if (gone == nullptr)
      return;
    env_.log.warn("cluster.node_down", {{"node", gone->info.name}});
    sees_due_ = true;
    tell_gateway();
  }

  void keep_members() {
    remember what{std::string{members_value}, encode_members(table_.infos())};
    request(env_.persistence, caf::infinite, std::move(what))
      .then([] {},
            [this](const caf::error& why) {
              env_.log.warn("cluster.members_not_kept",
                            {{"detail", to_error(why).detail}});
            });
  }

  // -- what members tell each other
  // ------------------------------------------------

  void tell_load() {
    for (const auto& [tag, one] : table_.members())
      if (one.up())
        send(one.peer, load_);
  }

  void tell_sees() {
    node_sees what{load_.from, table_.seen()};
    for (const auto& [tag, one] : table_.members())
      if (one.up())
        send(one.peer, what);
  }

  void on_load(const node_load& what) {
    auto* from = table_.find(what.from);
    if (from == nullptr || !from->up())
      return;
    auto changed = from->load.draining != what.draining;
    from->load = what;
    // The rest is told with the next tick.
    if (changed)
      tell_gateway();
  }

  void on_sees(const node_sees& what) {
    auto* from = table_.find(what.from);
    if (from != nullptr && from->up() && what.others.size() <= max_members)
      from->sees = what.others;
  }

  void tell_gateway() {
    send(env_.gateway, table_.changed(load_));
  }

  peer_environment env_;
  member_table table_;
  node_load load_;
  std::set<host_port> busy_;              // being connected to
  std::map<host_port, node_tag> aliases_; // other names of nodes' addresses
  std::optional<time_point> refused_since_;
  bool sees_due_ = false;
  std::minstd_rand random_;
};

} // namespace

peer_actor spawn_peer(caf::actor_system& system, peer_environment environment) {
  return system.spawn<peer>(std::move(environment));
}

} // namespace parley::actors
