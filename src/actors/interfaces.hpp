// Every actor's protocol, a line each. messages.hpp says what the messages
// mean.
//
// The HTTP side talks to `gateway_actor` and, for the length of a stream, to a
// `session_actor`; everything else is behind them. DESIGN:
// docs/architecture.md.
#pragma once

#include <caf/result.hpp>
#include <caf/typed_actor.hpp>

#include "actors/cluster_messages.hpp"
#include "actors/messages.hpp"

namespace parley::actors {

// Forwards a stream's events to one client; one per connection that reads.
using reader_actor = caf::typed_actor<
  // At most as many as it granted credit for.
  caf::result<void>(events)>;

// One stream: the single writer of its log.
using session_actor = caf::typed_actor<
  // From the registry, first and once. Not for sessions from the store.
  caf::result<session_opened>(open_stream),
  // Begins to read; errc::invalid_cursor when ahead of the log. A reader that
  // subscribes again moves its cursor.
  caf::result<subscribed>(subscribe, reader_actor),
  // From the reader itself.
  caf::result<void>(grant), caf::result<void>(unsubscribe),
  caf::result<stream_state>(cancel_stream),
  caf::result<stream_state>(get_stream_state), caf::result<void>(end_stream),
  // From the provider, or, for a time-out, from its llm_worker.
  caf::result<void>(upstream_report),
  // From persistence and the journal.
  caf::result<void>(accept_decided), caf::result<void>(appended),
  caf::result<void>(append_failed)>;

// What `open_stream` is answered with. A replayed stream may have ended: then
// `session` is null and `find_stream` brings it back.
struct stream_opened {
  start_event start;
  bool replayed = false;
  session_actor session;
};

template <class Inspector>
bool inspect(Inspector& f, stream_opened& x) {
  return f.object(x).fields(f.field("start", x.start),
                            f.field("replayed", x.replayed),
                            f.field("session", x.session));
}

// One attempt at the upstream: owns the request and its time-outs. Ends when
// told to exit; the upstream's connection closes with it.
using llm_worker_actor = caf::typed_actor<
  // From the provider: `connected`, and `deltas` without items for the first
  // text. The session gets the reports themselves.
  caf::result<void>(upstream_report)>;

// The streams of this node.
using registry_actor = caf::typed_actor<
  caf::result<stream_opened>(open_stream),
  caf::result<session_actor>(find_stream),
  caf::result<stream_state>(get_stream_state),
  caf::result<stream_state>(cancel_stream),
  caf::result<void>(close_conversation), caf::result<void>(drain),
  caf::result<node_status>(get_node_status), caf::result<node_load>(get_load),
  // From a session.
  caf::result<void>(stream_ended), caf::result<void>(session_leaving),
  // From the provider.
  caf::result<void>(default_model_known)>;

// The store's write side; detached, because it blocks.
using persistence_actor = caf::typed_actor<
  // The sender may get `accept_decided` before the answer.
  caf::result<accepted>(accept), caf::result<void>(append_batch),
  caf::result<void>(finish), caf::result<conversation>(create_conversation),
  caf::result<conversation>(change_conversation),
  caf::result<void>(delete_conversation),
  caf::result<conversation>(import_conversation),
  caf::result<void>(probe_store), caf::result<void>(remember),
  // From itself.
  caf::result<void>(commit_batch)>;

// Collects the segments of all streams of one event loop and hands them to
// persistence in batches, so that storing costs a token one local message.
using journal_actor = caf::typed_actor<
  // Answered, where it must be, by `appended` or `append_failed`.
  caf::result<void>(append),
  // Drops the stream's segments that are still here (the finish has all text)
  // and hands it on, behind everything that was appended before.
  caf::result<void>(finish)>;

// Blocking reads; detached, a small pool.
using store_reader_actor =
  caf::typed_actor<caf::result<conversation>(get_conversation),
                   caf::result<conversation_page>(list_conversations),
                   caf::result<message>(get_message),
                   caf::result<message_page>(list_messages),
                   caf::result<exported_conversation>(export_conversation),
                   caf::result<history>(get_history),
                   caf::result<stream_state>(get_stream_state),
                   caf::result<storage::stored_stream>(load_stream),
                   caf::result<found_claim>(find_claim)>;

// The one door of a node: finds the actor that a request is for. Other nodes
// use it, too, for what lives here.
using gateway_actor = caf::typed_actor<
  // -- streams
  caf::result<stream_opened>(open_stream),
  caf::result<session_actor>(find_stream),
  caf::result<stream_state>(get_stream_state),
  caf::result<stream_state>(cancel_stream),
  // -- conversations
  caf::result<conversation_view>(create_conversation),
  caf::result<conversation_view>(get_conversation),
  caf::result<conversation_page>(list_conversations),
  caf::result<conversation_view>(change_conversation),
  caf::result<void>(delete_conversation), caf::result<message>(get_message),
  caf::result<message_page>(list_messages),
  caf::result<exported_conversation>(export_conversation),
  caf::result<conversation_view>(import_conversation),
  // -- this node
  caf::result<node_status>(get_node_status)>;

// -- the cluster -------------------------------------------------------------

struct join;
struct joined;
struct members_changed;

// What a node knows of Idempotency-Keys, for the others.
using claims_actor = caf::typed_actor<caf::result<claim_answer>(reserve_claim),
                                      caf::result<found_claim>(find_claim),
                                      caf::result<void>(release_claim)>;

// The door of a node that has others: passes what lives elsewhere on to that
// node's gateway, gathers lists, places what is new.
using cluster_gateway_actor =
  gateway_actor::extend<caf::result<claim_answer>(reserve_claim),
                        caf::result<found_claim>(find_claim),
                        caf::result<void>(release_claim),
                        // From the peer.
                        caf::result<void>(members_changed)>;

// Membership: knows the other nodes, connects to them, notices their loss.
using peer_actor = caf::typed_actor<
  // -- from other nodes
  // A greeting (node_info.hpp), answered by a reply.
  caf::result<std::string>(std::string), caf::result<joined>(join),
  caf::result<void>(node_load), caf::result<void>(node_sees),
  // -- on this node
  caf::result<cluster_view>(get_cluster), caf::result<void>(listening),
  caf::result<void>(leaving)>;

// Two nodes that have greeted each other become members of each other.
struct join {
  node_info info;
  peer_actor peer;
  gateway_actor door;
  claims_actor claims;
  std::vector<node_info> known; // whom else it has met
};

struct joined {
  node_info info;
  gateway_actor door;
  claims_actor claims;
  std::vector<node_info> known;
};

// What the cluster gateway needs to know of one node. Handles of a node that is
// down are null.
struct member_view {
  node_info info;
  bool up = false;
  node_load load;
  gateway_actor door;
  claims_actor claims;
};

// All nodes but this one, and how much this one does. Local only.
struct members_changed {
  node_load self;
  std::vector<member_view> others;
};

template <class Inspector>
bool inspect(Inspector& f, join& x) {
  return f.object(x).fields(
    f.field("info", x.info), f.field("peer", x.peer), f.field("door", x.door),
    f.field("claims", x.claims), f.field("known", x.known));
}
template <class Inspector>
bool inspect(Inspector& f, joined& x) {
  return f.object(x).fields(f.field("info", x.info), f.field("door", x.door),
                            f.field("claims", x.claims),
                            f.field("known", x.known));
}

} // namespace parley::actors

#include "actors/type_ids.hpp" // needs the names above
