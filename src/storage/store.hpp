// What a store does: atomic batches of records, and reads of them.
//
// Two stores implement it: `rocksdb_store` (docs/storage_format.md) and
// `memory_store`; tests/storage/conformance.hpp runs every call on both.
//
// Threads: one writer at a time (the persistence actor) may call `write`,
// `sweep_expired` and `probe`; any number of threads may read meanwhile. A read
// sees all batches whose `write` has returned, and no part of others.
//
// Errors: errc::storage_failed with a detail for the log where the disk or the
// data is at fault; a record that is not there is an errc::…_not_found.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "chat/conversation.hpp"
#include "chat/message.hpp"
#include "chat/result.hpp"
#include "chat/stream_log.hpp"
#include "chat/stream_record.hpp"

namespace parley::storage {

// What an Idempotency-Key stands for.
struct idempotency_claim {
  std::string caller;
  std::string key;
  std::uint64_t body_digest = 0;
  stream_id stream;
  timestamp created_at; // forgotten idempotency.ttl later

  friend bool operator==(const idempotency_claim&,
                         const idempotency_claim&) = default;
};

// -- writes: one batch is applied as a whole or not at all -----------------

// Inserts or replaces the record of that id. A conversation also moves in the
// list by activity: the store finds its old place itself.
struct put_conversation {
  conversation value;
};
// A message keeps its place (order of ids as bytes) when replaced.
struct put_message {
  message value;
};
// An open stream (status queued or generating) is listed by `open_streams`, a
// terminal one is not.
struct put_stream {
  stream_record value;
};
struct put_claim {
  idempotency_claim value;
};
// Text of an open stream. Segments of a stream come in order. One of a stream
// that is not open is dropped: it has ended with all of its text, or its
// conversation was erased.
struct append_segment {
  log_segment value;
};
struct erase_segments {
  stream_id stream;
};
// Removes a conversation with all of its messages, streams, segments and
// claims. No trace is left on disk after compaction.
struct erase_conversation {
  conversation_id id;
};

using mutation =
  std::variant<put_conversation, put_message, put_stream, put_claim,
               append_segment, erase_segments, erase_conversation>;

enum class sync_mode : std::uint8_t {
  none, // survives the death of the process
  disk, // survives the loss of power: on disk when `write` returns
};

// -- pages -----------------------------------------------------------------

enum class sort_order : std::uint8_t { ascending, descending };

template <class T>
struct page {
  // At most `limit`, and fewer where they are very large (rules.hpp).
  std::vector<T> items;
  // Opaque; give it back for the next page. Empty: there is none.
  std::string next_cursor;
};

// A stream as it stands on disk: for an open one the segments so far, for a
// terminal one the record's layout says how its message makes the log.
struct stored_stream {
  stream_record record;
  std::vector<log_segment> segments; // open streams
  std::optional<message> answer;     // terminal streams
};

class store {
public:
  virtual ~store() = default;

  // -- writing -------------------------------------------------------------

  // Applies `batch` in order, atomically. On failure nothing of it is visible
  // now or after a restart, and a later call may succeed.
  virtual result<void> write(std::span<const mutation> batch,
                             sync_mode sync) = 0;

  // Removes terminal streams (records only; messages stay) that finished before
  // `streams_before`, and claims made before `claims_before`. A record of what
  // was removed stays as a tombstone that `get_stream` answers with
  // errc::stream_expired and the message's id as reference; it goes, too, 30
  // days behind `streams_before`, but not before claims that may lead to it.
  // Bounded work per call: returns how many streams, claims and tombstones were
  // removed, at most `max_items`.
  virtual result<std::size_t> sweep_expired(timestamp streams_before,
                                            timestamp claims_before,
                                            std::size_t max_items) = 0;

  // Writes and syncs one small private record: fails while the disk is full or
  // read-only, and makes a store that stopped after such a failure work again.
  // Until then every write fails; reads go on.
  virtual result<void> probe() = 0;

  // -- reading -------------------------------------------------------------

  [[nodiscard]] virtual result<conversation>
  get_conversation(const conversation_id& id) const = 0;

  // Newest activity first. A cursor stays valid when conversations move: none
  // that was idle between two pages is missed or repeated.
  [[nodiscard]] virtual result<page<conversation>>
  list_conversations(std::string_view cursor, std::size_t limit) const = 0;

  // For a message whose stream is open, content and reasoning are what its
  // segments hold so far.
  [[nodiscard]] virtual result<message>
  get_message(const conversation_id& conversation,
              const message_id& id) const = 0;

  // In order of ids as bytes. errc::conversation_not_found where there is none.
  [[nodiscard]] virtual result<page<message>>
  list_messages(const conversation_id& conversation, std::string_view cursor,
                std::size_t limit, sort_order order) const = 0;

  // errc::stream_not_found, errc::stream_expired.
  [[nodiscard]] virtual result<stream_record>
  get_stream(const stream_id& id) const = 0;

  // The same, with what its log is made of.
  [[nodiscard]] virtual result<stored_stream>
  load_stream(const stream_id& id) const = 0;

  // All streams that are not terminal. At start these are what a dead process
  // left behind.
  [[nodiscard]] virtual result<std::vector<stream_record>>
  open_streams() const = 0;

  [[nodiscard]] virtual result<std::optional<idempotency_claim>>
  find_claim(std::string_view caller, std::string_view key) const = 0;

  // -- the node's own, small named values (node name and tag) --------------

  [[nodiscard]] virtual result<std::optional<std::string>>
  get_meta(std::string_view name) const = 0;
  virtual result<void> put_meta(std::string_view name,
                                std::string_view value) = 0;
};

} // namespace parley::storage
