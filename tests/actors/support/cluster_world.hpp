// Several nodes in one actor system under CAF's deterministic coordinator, with
// a network that a test cuts by hand.
//
//   auto& a = add("a");
//   auto& b = add("b");
//   meet();
//   auto opened = open_at(a, ask("Hello"));
//   kill(a);
//
// The nodes' actors hold each other's real handles and not proxies, so a node
// can be killed but not be cut off while it lives: that is tested end to end.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "actors/cluster_gateway.hpp"
#include "actors/peer.hpp"
#include "storage/memory_store.hpp"
#include "tests/actors/support/world.hpp"

namespace parley::tests {

// Where each address leads.
class test_network {
public:
  std::map<std::uint16_t, peer_actor> peers;
  std::size_t attempts = 0;
};

class test_transport final : public runtime::cluster_transport {
public:
  explicit test_transport(test_network& network) : network_(network) {
  }
  void connect(const config::endpoint& to, connected_function then) override;

private:
  test_network& network_;
};

struct node_wish {
  std::string name;
  std::uint32_t tag = 0; // 0: the next one
  std::uint32_t schema = message_schema_version;
  std::vector<std::uint16_t> seeds{1};
  std::vector<node_info> known;
};

// One node. Its store outlives its actors, as a data folder does.
struct test_node {
  explicit test_node(node_info who) : info(std::move(who)), ids(info.tag) {
  }

  node_info info;
  config::settings settings;
  std::unique_ptr<storage::store> store = storage::make_memory_store();
  test_provider provider;
  id_generator ids;
  telemetry::log log;
  std::unique_ptr<session_environment> env;
  std::unique_ptr<test_transport> transport;
  registry_actor registry;
  gateway_actor local;
  cluster_gateway_actor gateway;
  peer_actor peer;
  std::vector<std::string> refusals; // for good

  [[nodiscard]] bool alive() const noexcept {
    return static_cast<bool>(peer);
  }
};

class cluster_world : public test_system {
public:
  cluster_world();
  ~cluster_world() override;

  // -- nodes ------------------------------------------------------------------

  // Spawns a node that listens on the port `1`, `2`, … in order.
  test_node& add(const std::string& name);
  test_node& add(node_wish wish);
  [[nodiscard]] test_node& node_at(std::size_t index) {
    return *nodes_[index];
  }
  // All of its actors at once.
  void kill(test_node& node);
  // A new process on the same data folder.
  void restart(test_node& node);
  // Until everybody has looked for everybody.
  void meet();

  // -- asking -----------------------------------------------------------------

  template <class T, class What>
  answer<T> ask_at(test_node& node, What what) {
    auto made = send_request<T>(node.gateway, std::move(what));
    settle();
    return made;
  }
  answer<stream_opened> try_open_at(test_node& node, chat_request what);
  stream_opened open_at(test_node& node, chat_request what);
  // A reader of a stream that asks this node for it and keeps up.
  fake_reader read_at(test_node& node, const stream_id& stream,
                      seq_t after = 0);
  [[nodiscard]] cluster_view view_of(test_node& node);
  // "a up, b down", by name.
  [[nodiscard]] std::string members_of(test_node& node);

private:
  void spawn(test_node& node);

  runtime::event_loops loops_{1};
  telemetry::metrics metrics_;
  test_network network_;
  std::vector<std::unique_ptr<test_node>> nodes_;
};

} // namespace parley::tests
