#include "tests/actors/support/cluster_world.hpp"

#include <utility>

#include "actors/recovery.hpp"

namespace parley::tests {

void test_transport::connect(const config::endpoint& to,
                             connected_function then) {
  ++network_.attempts;
  auto found = network_.peers.find(to.port);
  if (found == network_.peers.end())
    then(caf::make_error(caf::sec::cannot_connect_to_node));
  else
    then(caf::actor_cast<caf::strong_actor_ptr>(found->second));
}

cluster_world::cluster_world() : metrics_(sys) {
}

cluster_world::~cluster_world() {
  end_readers();
  for (auto& node : nodes_)
    if (node->alive())
      kill(*node);
}

// -- nodes --------------------------------------------------------------------

test_node& cluster_world::add(const std::string& name) {
  node_wish wish;
  wish.name = name;
  return add(std::move(wish));
}

test_node& cluster_world::add(node_wish wish) {
  auto number = static_cast<std::uint32_t>(nodes_.size() + 1);
  node_info info;
  info.tag.value = wish.tag == 0 ? number : wish.tag;
  info.name = std::move(wish.name);
  info.incarnation = number;
  info.version = "1.2.3";
  info.schema = wish.schema;
  info.host = "node";
  info.port = static_cast<std::uint16_t>(number);
  auto& made = *nodes_.emplace_back(std::make_unique<test_node>(info));
  made.settings.llm.model = "scripted";
  for (auto seed : wish.seeds)
    made.settings.cluster.seeds.push_back({"node", seed});
  if (!wish.known.empty())
    (void)made.store->put_meta(members_value, encode_members(wish.known));
  spawn(made);
  return made;
}

void cluster_world::spawn(test_node& node) {
  node.transport = std::make_unique<test_transport>(network_);
  node.env = std::make_unique<session_environment>(
    session_environment{node.settings,
                        node.provider,
                        loops_,
                        node.log,
                        &metrics_,
                        {},
                        {},
                        {},
                        [](const std::string& name) { return name; },
                        [] {
                          return 0.5;
                        }});
  auto& env = *node.env;
  env.persistence = spawn_persistence(
    sys, {*node.store, node.ids, node.settings, node.log, &metrics_}, false);
  env.journals.push_back(spawn_journal(
    sys, env.persistence, {node.settings.streams.flush_interval, false}));
  env.readers.push_back(sys.spawn(
    store_reader, static_cast<const storage::store*>(node.store.get())));
  node.registry = spawn_registry(sys, env, node.ids);
  node.local =
    spawn_gateway(sys, {node.registry, env.persistence, env.readers});
  node.gateway = spawn_cluster_gateway(
    sys, {node.settings, node.info.tag, node.local, env.readers});
  auto known = node.store->get_meta(members_value);
  node.peer = spawn_peer(
    sys, {node.settings, node.log, *node.transport, node.info, node.registry,
          env.persistence, node.local, node.gateway,
          parse_members(known->value_or("")), [&node](const std::string& why) {
            node.refusals.push_back(why);
          }});
  network_.peers[node.info.port] = node.peer;
  caf::anon_send(node.peer, listening{node.info.host, node.info.port});
  settle();
}

void cluster_world::kill(test_node& node) {
  network_.peers.erase(node.info.port);
  // Nothing of it runs any more, whatever is in its mailboxes.
  auto end = [](auto& who) {
    caf::anon_send_exit(who, caf::exit_reason::kill);
    who = nullptr;
  };
  end(node.gateway);
  end(node.local);
  end(node.registry);
  end(node.env->journals.front());
  end(node.env->persistence);
  end(node.env->readers.front());
  end(node.peer);
  sched.run();
  node.env.reset();
}

void cluster_world::restart(test_node& node) {
  node.info.incarnation += 1000;
  (void)close_open_streams(*node.store);
  spawn(node);
}

void cluster_world::meet() {
  advance(3s);
}

// -- asking -------------------------------------------------------------------

answer<stream_opened> cluster_world::try_open_at(test_node& node,
                                                 chat_request what) {
  return ask_at<stream_opened>(node, open_stream{std::move(what), 0});
}

stream_opened cluster_world::open_at(test_node& node, chat_request what) {
  return try_open_at(node, std::move(what)).value();
}

fake_reader cluster_world::read_at(test_node& node, const stream_id& stream,
                                   seq_t after) {
  auto session = ask_at<session_actor>(node, find_stream{stream, 0}).value();
  return read(session, after);
}

cluster_view cluster_world::view_of(test_node& node) {
  auto made = send_request<cluster_view>(node.peer, get_cluster{});
  settle();
  return made.value();
}

std::string cluster_world::members_of(test_node& node) {
  std::string out;
  for (const auto& one : view_of(node).members) {
    if (!out.empty())
      out += ", ";
    out += one.info.name;
    out += one.status == member_status::down ? " down"
           : one.draining                    ? " draining"
                                             : " up";
  }
  return out;
}

} // namespace parley::tests
