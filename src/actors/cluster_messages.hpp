// The messages of the cluster: between peers, and between a node's peer and its
// cluster gateway. Included by interfaces.hpp, whose handles some of them hold.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "actors/messages.hpp"
#include "actors/node_info.hpp"
#include "chat/inspect_enum.hpp"

namespace parley::actors {

// -- membership --------------------------------------------------------------

// How much a node does. Sent to every other member each second.
struct node_load {
  node_tag from;
  std::uint64_t streams = 0; // in flight
  bool draining = false;
};

// Whom a node is connected to. Sent when it changes.
struct node_sees {
  node_tag from;
  std::vector<node_tag> others;
};

// What the registry knows of its own node.
struct get_load {};

// This node can be reached there; it begins to look for the others.
struct listening {
  std::string host;
  std::uint16_t port = 0;
};

// This node will go: others take what is new from now on.
struct leaving {};

struct get_cluster {};

enum class member_status : std::uint8_t { up, down, last = down };

template <class Inspector>
bool inspect(Inspector& f, member_status& x) {
  return detail::inspect_enum(f, x, member_status::last);
}

// API: GET /api/v1/cluster, one node.
struct member_state {
  node_info info;
  member_status status = member_status::down;
  bool self = false;
  bool draining = false;
  std::uint64_t streams = 0;
  std::vector<std::string> sees; // names
};

struct cluster_view {
  std::vector<member_state> members; // by name; this node among them
};

// -- idempotency -------------------------------------------------------------

// Asks every other node, before a request with an Idempotency-Key is sent to
// `target`: does anyone know the key? Whoever does not will from then on.
struct reserve_claim {
  std::uint64_t digest = 0; // of caller and key; equal on all nodes
  std::string caller;
  std::string key;
  node_tag from;   // who asks
  node_tag target; // where the stream will live
};

enum class claim_place : std::uint8_t {
  unknown,  // reserved for the one that asked
  reserved, // `by` asked before, for `target`; it knows better itself
  taken,    // `target` has it
  last = taken,
};

template <class Inspector>
bool inspect(Inspector& f, claim_place& x) {
  return detail::inspect_enum(f, x, claim_place::last);
}

struct claim_answer {
  claim_place place = claim_place::unknown;
  node_tag target;
  node_tag by;
};

// The request was refused: its key is free again.
struct release_claim {
  std::uint64_t digest = 0;
  node_tag target;
};

// To a store reader: does this node's store know the key?
struct find_claim {
  std::string caller;
  std::string key;
  timestamp after; // older ones are forgotten
};
struct found_claim {
  bool found = false;
};

// To persistence: one of the node's own small values (store::put_meta).
struct remember {
  std::string name;
  std::string value;
};

// -- inspection --------------------------------------------------------------

template <class Inspector>
bool inspect(Inspector& f, node_load& x) {
  return f.object(x).fields(f.field("from", x.from),
                            f.field("streams", x.streams),
                            f.field("draining", x.draining));
}
template <class Inspector>
bool inspect(Inspector& f, node_sees& x) {
  return f.object(x).fields(f.field("from", x.from),
                            f.field("others", x.others));
}
template <class Inspector>
bool inspect(Inspector& f, get_load& x) {
  return f.object(x).fields();
}
template <class Inspector>
bool inspect(Inspector& f, listening& x) {
  return f.object(x).fields(f.field("host", x.host), f.field("port", x.port));
}
template <class Inspector>
bool inspect(Inspector& f, leaving& x) {
  return f.object(x).fields();
}
template <class Inspector>
bool inspect(Inspector& f, get_cluster& x) {
  return f.object(x).fields();
}
template <class Inspector>
bool inspect(Inspector& f, member_state& x) {
  return f.object(x).fields(
    f.field("info", x.info), f.field("status", x.status),
    f.field("self", x.self), f.field("draining", x.draining),
    f.field("streams", x.streams), f.field("sees", x.sees));
}
template <class Inspector>
bool inspect(Inspector& f, cluster_view& x) {
  return f.object(x).fields(f.field("members", x.members));
}
template <class Inspector>
bool inspect(Inspector& f, reserve_claim& x) {
  return f.object(x).fields(f.field("digest", x.digest),
                            f.field("caller", x.caller), f.field("key", x.key),
                            f.field("from", x.from),
                            f.field("target", x.target));
}
template <class Inspector>
bool inspect(Inspector& f, claim_answer& x) {
  return f.object(x).fields(f.field("place", x.place),
                            f.field("target", x.target), f.field("by", x.by));
}
template <class Inspector>
bool inspect(Inspector& f, release_claim& x) {
  return f.object(x).fields(f.field("digest", x.digest),
                            f.field("target", x.target));
}
template <class Inspector>
bool inspect(Inspector& f, find_claim& x) {
  return f.object(x).fields(f.field("caller", x.caller), f.field("key", x.key),
                            f.field("after", x.after));
}
template <class Inspector>
bool inspect(Inspector& f, found_claim& x) {
  return f.object(x).fields(f.field("found", x.found));
}
template <class Inspector>
bool inspect(Inspector& f, remember& x) {
  return f.object(x).fields(f.field("name", x.name), f.field("value", x.value));
}

} // namespace parley::actors
