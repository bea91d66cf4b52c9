// Every message that actors exchange, with what it means. Messages that cross
// nodes have an `inspect`; the few that never leave the process are listed as
// such in type_ids.hpp.
//
// Commands are imperative, facts past tense. A request's answer is the result
// type in interfaces.hpp, or a `parley::error` inside the caf::error
// (actors/errors.hpp).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "chat/chat_request.hpp"
#include "chat/conversation.hpp"
#include "chat/event.hpp"
#include "chat/exported_conversation.hpp"
#include "chat/message.hpp"
#include "chat/result.hpp"
#include "chat/stream_log.hpp"
#include "chat/stream_record.hpp"
#include "llm/provider.hpp"
#include "storage/store.hpp"

namespace parley::actors {

// -- streams -----------------------------------------------------------------

// Begin a stream, or join the one that the request's Idempotency-Key names.
struct open_stream {
  chat_request request;
  std::uint32_t loop = 0; // the event loop of the connection; local hint
};

// Find the session of a stream; one that has ended is brought back from the
// store for reading.
struct find_stream {
  stream_id id;
  std::uint32_t loop = 0;
};

struct get_stream_state {
  stream_id id;
};

// End a stream's generation, keep its partial text. Answered when that is
// durable; changes nothing once the stream is terminal.
struct cancel_stream {
  stream_id id;
};

// Cancel what runs in a conversation and forget its sessions: it is about to
// be deleted.
struct close_conversation {
  conversation_id id;
};

// Take no new streams; end those that still run after the grace period with
// `server_shutdown`. Answered when none is left and, within bounds, every
// reader has been sent its last frame.
struct drain {
  std::chrono::milliseconds grace{0};
};

// -- a session and its readers -----------------------------------------------

// Read the log behind number `after`. The sender of the request is not the
// reader: `reader` is passed beside this message. The reader is monitored.
struct subscribe {
  seq_t after = 0;
  std::uint32_t credit = 0; // `events` messages that may be sent; see `grant`
};

struct subscribed {
  stream_state state;
  // The reader had seen the terminal frame; nothing will be sent to it.
  bool end_seen = false;
};

// The reader took `events` and can take more messages.
struct grant {
  std::uint32_t credit = 1;
};

// The reader is going; the same as its death.
struct unsubscribe {};

// What the log holds behind the reader's cursor, joined. Uses one credit. After
// an event that is terminal nothing follows.
struct events {
  std::vector<event> items;
  // When the newest of it was read from the upstream, in nanoseconds of this
  // process' steady clock; 0: replayed, or from another node.
  std::int64_t read_at = 0;
};

// -- a session and its registry ----------------------------------------------

// A session's answer to `open_stream`, once the user message is durable.
struct session_opened {
  start_event start;
  // The request's Idempotency-Key belongs to the stream in `start`, which is
  // another one; this session ends.
  bool replayed = false;
};

// The stream is terminal, on disk and for its readers.
struct stream_ended {
  stream_id id;
};

// The session ends: whoever asks for its stream from now on needs another. Sent
// before it ends, so that a reader whose request it did not answer any more
// finds it gone.
struct session_leaving {
  stream_id id;
};

// End now, with this code; the text so far is stored.
struct end_stream {
  errc code = errc::server_shutdown;
};

// -- a session and its llm_worker --------------------------------------------

// What the upstream brought. Local only.
struct upstream_report {
  std::uint32_t attempt = 0; // reports of an attempt that is over are ignored
  llm::report what;
  std::int64_t read_at = 0; // as events.read_at
};

// What the upstream calls its first model; empty: it could not be asked.
struct default_model_known {
  std::string name;
};

// -- session to persistence --------------------------------------------------

// Store a request's user message, the assistant message as `generating`, the
// stream's record and the claim of its Idempotency-Key; one atomic, durable
// write.
struct accept {
  chat_request request;
  stream_record record; // with all ids
  // Where neither the request nor the conversation names one.
  std::string default_model;
  bool new_conversation = false;
};

struct accepted {
  conversation conv;    // as it stands after the accept
  stream_record record; // model filled in
  // The key was claimed before: `record` is that stream's, `conv` is empty and
  // nothing was stored.
  bool replayed = false;
};

// Sent ahead of `accepted` to the session when nothing stands against the
// request but the write is not yet durable. The upstream may be asked; no token
// may leave. Not sent for requests with an Idempotency-Key: a crash now must
// not lead to a second upstream call.
struct accept_decided {
  conversation conv;
  std::string model; // as resolved
};

// Text for the journal, in order. No answer unless it is durable (strict) or
// cannot be stored.
struct append {
  log_segment segment;
};

// All text up to this number is durable. Only with storage.durability=strict.
struct appended {
  seq_t last_seq = 0;
};

struct append_failed {
  error why;
};

// The journal's batch for the store.
struct append_batch {
  std::vector<log_segment> segments;
};

// The end of a stream: its record, terminal, and the whole answer.
struct finish {
  stream_record record;
  message answer;
};

// -- conversations -----------------------------------------------------------

struct create_conversation {
  conversation draft; // title, system_prompt, model, metadata
};
struct get_conversation {
  conversation_id id;
};
struct conversation_view {
  conversation conv;
  std::optional<stream_state> active;
};
struct list_conversations {
  std::string cursor;
  std::uint32_t limit = 0;
};
struct conversation_page {
  std::vector<conversation> items;
  std::string next_cursor; // empty: none
  // Names of nodes that could not be asked: theirs are missing.
  std::vector<std::string> missing_nodes;
};
struct change_conversation {
  conversation_id id;
  conversation_patch patch;
};
struct delete_conversation {
  conversation_id id;
};
struct get_message {
  conversation_id conv;
  message_id id;
};
struct list_messages {
  conversation_id conv;
  std::string cursor;
  std::uint32_t limit = 0;
  bool descending = false;
};
struct message_page {
  std::vector<message> items;
  std::string next_cursor;
};
struct export_conversation {
  conversation_id id;
};
struct import_conversation {
  exported_conversation what;
};

// The newest messages of a conversation before `before`, oldest first, with no
// more than about `max_chars` code points of content together.
struct get_history {
  conversation_id conv;
  message_id before;
  std::uint64_t max_chars = 0;
};
struct history {
  std::vector<message> messages;
};

// A stream as the store has it.
struct load_stream {
  stream_id id;
};

// Is the store writable? Answered after a real write.
struct probe_store {};

// Write what was collected.
struct commit_batch {};

struct node_status {
  bool ready = false;
  std::vector<std::string> reasons; // why it is not
};
struct get_node_status {};

// -- inspection --------------------------------------------------------------

template <class Inspector>
bool inspect(Inspector& f, open_stream& x) {
  return f.object(x).fields(f.field("request", x.request),
                            f.field("loop", x.loop));
}
template <class Inspector>
bool inspect(Inspector& f, find_stream& x) {
  return f.object(x).fields(f.field("id", x.id), f.field("loop", x.loop));
}
template <class Inspector>
bool inspect(Inspector& f, get_stream_state& x) {
  return f.object(x).fields(f.field("id", x.id));
}
template <class Inspector>
bool inspect(Inspector& f, cancel_stream& x) {
  return f.object(x).fields(f.field("id", x.id));
}
template <class Inspector>
bool inspect(Inspector& f, close_conversation& x) {
  return f.object(x).fields(f.field("id", x.id));
}
template <class Inspector>
bool inspect(Inspector& f, drain& x) {
  return f.object(x).fields(f.field("grace", x.grace));
}
template <class Inspector>
bool inspect(Inspector& f, subscribe& x) {
  return f.object(x).fields(f.field("after", x.after),
                            f.field("credit", x.credit));
}
template <class Inspector>
bool inspect(Inspector& f, subscribed& x) {
  return f.object(x).fields(f.field("state", x.state),
                            f.field("end_seen", x.end_seen));
}
template <class Inspector>
bool inspect(Inspector& f, grant& x) {
  return f.object(x).fields(f.field("credit", x.credit));
}
template <class Inspector>
bool inspect(Inspector& f, unsubscribe& x) {
  return f.object(x).fields();
}
template <class Inspector>
bool inspect(Inspector& f, session_opened& x) {
  return f.object(x).fields(f.field("start", x.start),
                            f.field("replayed", x.replayed));
}
template <class Inspector>
bool inspect(Inspector& f, default_model_known& x) {
  return f.object(x).fields(f.field("name", x.name));
}
template <class Inspector>
bool inspect(Inspector& f, stream_ended& x) {
  return f.object(x).fields(f.field("id", x.id));
}
template <class Inspector>
bool inspect(Inspector& f, session_leaving& x) {
  return f.object(x).fields(f.field("id", x.id));
}
template <class Inspector>
bool inspect(Inspector& f, end_stream& x) {
  return f.object(x).fields(f.field("code", x.code));
}
template <class Inspector>
bool inspect(Inspector& f, accept& x) {
  return f.object(x).fields(f.field("request", x.request),
                            f.field("record", x.record),
                            f.field("default_model", x.default_model),
                            f.field("new_conversation", x.new_conversation));
}
template <class Inspector>
bool inspect(Inspector& f, accepted& x) {
  return f.object(x).fields(f.field("conv", x.conv),
                            f.field("record", x.record),
                            f.field("replayed", x.replayed));
}
template <class Inspector>
bool inspect(Inspector& f, accept_decided& x) {
  return f.object(x).fields(f.field("conv", x.conv), f.field("model", x.model));
}
template <class Inspector>
bool inspect(Inspector& f, append& x) {
  return f.object(x).fields(f.field("segment", x.segment));
}
template <class Inspector>
bool inspect(Inspector& f, appended& x) {
  return f.object(x).fields(f.field("last_seq", x.last_seq));
}
template <class Inspector>
bool inspect(Inspector& f, append_failed& x) {
  return f.object(x).fields(f.field("why", x.why));
}
template <class Inspector>
bool inspect(Inspector& f, append_batch& x) {
  return f.object(x).fields(f.field("segments", x.segments));
}
template <class Inspector>
bool inspect(Inspector& f, finish& x) {
  return f.object(x).fields(f.field("record", x.record),
                            f.field("answer", x.answer));
}
template <class Inspector>
bool inspect(Inspector& f, create_conversation& x) {
  return f.object(x).fields(f.field("draft", x.draft));
}
template <class Inspector>
bool inspect(Inspector& f, get_conversation& x) {
  return f.object(x).fields(f.field("id", x.id));
}
template <class Inspector>
bool inspect(Inspector& f, conversation_view& x) {
  return f.object(x).fields(f.field("conv", x.conv),
                            f.field("active", x.active));
}
template <class Inspector>
bool inspect(Inspector& f, list_conversations& x) {
  return f.object(x).fields(f.field("cursor", x.cursor),
                            f.field("limit", x.limit));
}
template <class Inspector>
bool inspect(Inspector& f, conversation_page& x) {
  return f.object(x).fields(f.field("items", x.items),
                            f.field("next_cursor", x.next_cursor),
                            f.field("missing_nodes", x.missing_nodes));
}
template <class Inspector>
bool inspect(Inspector& f, change_conversation& x) {
  return f.object(x).fields(f.field("id", x.id), f.field("patch", x.patch));
}
template <class Inspector>
bool inspect(Inspector& f, delete_conversation& x) {
  return f.object(x).fields(f.field("id", x.id));
}
template <class Inspector>
bool inspect(Inspector& f, get_message& x) {
  return f.object(x).fields(f.field("conv", x.conv), f.field("id", x.id));
}
template <class Inspector>
bool inspect(Inspector& f, list_messages& x) {
  return f.object(x).fields(
    f.field("conv", x.conv), f.field("cursor", x.cursor),
    f.field("limit", x.limit), f.field("descending", x.descending));
}
template <class Inspector>
bool inspect(Inspector& f, message_page& x) {
  return f.object(x).fields(f.field("items", x.items),
                            f.field("next_cursor", x.next_cursor));
}
template <class Inspector>
bool inspect(Inspector& f, export_conversation& x) {
  return f.object(x).fields(f.field("id", x.id));
}
template <class Inspector>
bool inspect(Inspector& f, import_conversation& x) {
  return f.object(x).fields(f.field("what", x.what));
}
template <class Inspector>
bool inspect(Inspector& f, get_history& x) {
  return f.object(x).fields(f.field("conv", x.conv),
                            f.field("before", x.before),
                            f.field("max_chars", x.max_chars));
}
template <class Inspector>
bool inspect(Inspector& f, history& x) {
  return f.object(x).fields(f.field("messages", x.messages));
}
template <class Inspector>
bool inspect(Inspector& f, load_stream& x) {
  return f.object(x).fields(f.field("id", x.id));
}
template <class Inspector>
bool inspect(Inspector& f, probe_store& x) {
  return f.object(x).fields();
}
template <class Inspector>
bool inspect(Inspector& f, commit_batch& x) {
  return f.object(x).fields();
}
template <class Inspector>
bool inspect(Inspector& f, node_status& x) {
  return f.object(x).fields(f.field("ready", x.ready),
                            f.field("reasons", x.reasons));
}
template <class Inspector>
bool inspect(Inspector& f, get_node_status& x) {
  return f.object(x).fields();
}

// The read time means nothing in another process.
template <class Inspector>
bool inspect(Inspector& f, events& x) {
  if constexpr (Inspector::is_loading)
    x.read_at = 0;
  return f.object(x).fields(f.field("items", x.items));
}

} // namespace parley::actors
