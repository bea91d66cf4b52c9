// The key grammar of the RocksDB store. Keys are compared as bytes.
//
//   conv, msg, strm := the 26 characters of an id behind its prefix
//   time            := 8 bytes, big-endian: milliseconds with the sign flipped
//   seq             := 8 bytes, big-endian
//   ~               := each bit inverted: sorts downwards
//   digest          := 16 bytes: SHA-256 of caller and Idempotency-Key, cut
//
//   "v" conv "c"            -> conversation
//   "v" conv "m" msg        -> message
//   "v" conv "s" strm       -> stream, or the tombstone of an expired one
//   "v" conv "g" strm seq   -> segment of an open stream
//   "a" ~(time conv)        -> (nothing)  conversations, newest activity first
//   "i" strm                -> conv       where a stream's record stands
//   "o" strm                -> conv       the same, of streams that are open
//   "f" time strm           -> (nothing)  terminal streams by finished_at
//   "x" time strm           -> (nothing)  tombstones by finished_at
//   "k" digest              -> claim
//   "q" strm digest         -> (nothing)  claims of a stream
//   "t" time digest         -> (nothing)  claims by created_at
//   "p" conv                -> (nothing)  erased, its bytes not yet compacted
//   "n" name                -> a value of the node (store::put_meta)
//   "!probe", "!schema"     -> the store's own
//
// All text that people wrote stands under one prefix, "v" conv, so that a
// conversation's bytes leave the disk by compacting one range. No key holds
// such text or an Idempotency-Key: RocksDB copies keys into its MANIFEST,
// where no compaction reaches them.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "chat/event.hpp"
#include "chat/id.hpp"
#include "chat/timestamp.hpp"

namespace parley::storage::keys {

using claim_digest = std::array<unsigned char, 16>;

[[nodiscard]] claim_digest digest_of(std::string_view caller,
                                     std::string_view key);

// -- everything of one conversation ----------------------------------------

[[nodiscard]] std::string all_of(const conversation_id& conversation);
[[nodiscard]] std::string record(const conversation_id& conversation);
[[nodiscard]] std::string messages_of(const conversation_id& conversation);
[[nodiscard]] std::string message(const conversation_id& conversation,
                                  const message_id& id);
[[nodiscard]] std::string streams_of(const conversation_id& conversation);
[[nodiscard]] std::string stream(const conversation_id& conversation,
                                 const stream_id& id);
[[nodiscard]] std::string segments_of(const conversation_id& conversation,
                                      const stream_id& id);
[[nodiscard]] std::string segment(const conversation_id& conversation,
                                  const stream_id& id, seq_t first_seq);

// The length of what `segments_of` returns.
inline constexpr std::size_t segments_of_size = 1 + 26 + 1 + 26;
[[nodiscard]] bool is_segment(std::string_view key) noexcept;

// -- indexes ---------------------------------------------------------------

// The one-letter prefixes of kinds that are walked as a whole.
inline constexpr std::string_view activity_kind = "a";
inline constexpr std::string_view open_kind = "o";
inline constexpr std::string_view finished_kind = "f";
inline constexpr std::string_view tombstone_kind = "x";
inline constexpr std::string_view claim_kind = "k";
inline constexpr std::string_view claim_age_kind = "t";
inline constexpr std::string_view purge_kind = "p";

[[nodiscard]] std::string activity(timestamp when, const conversation_id& id);
[[nodiscard]] std::string home(const stream_id& id);
[[nodiscard]] std::string open(const stream_id& id);
[[nodiscard]] std::string finished(timestamp when, const stream_id& id);
[[nodiscard]] std::string tombstone(timestamp when, const stream_id& id);
[[nodiscard]] std::string claim(const claim_digest& digest);
[[nodiscard]] std::string claims_of(const stream_id& id);
[[nodiscard]] std::string claim_of(const stream_id& id,
                                   const claim_digest& digest);
[[nodiscard]] std::string claim_age(timestamp when, const claim_digest& digest);
[[nodiscard]] std::string purge(const conversation_id& id);
[[nodiscard]] std::string meta(std::string_view name);
inline constexpr std::string_view probe = "!probe";
inline constexpr std::string_view schema = "!schema";

// The least key above all keys of `kind` whose time is before `when`.
[[nodiscard]] std::string before(std::string_view kind, timestamp when);

// The least key above all that begin with `prefix`. Precondition: not empty,
// last byte below 0xff.
[[nodiscard]] std::string end_of(std::string_view prefix);

// -- reading a key back; nothing where it is not of that shape -------------

template <class Id>
struct timed {
  timestamp when;
  Id id;
};

[[nodiscard]] std::optional<timed<conversation_id>>
parse_activity(std::string_view key);
// Keys made by `finished` and `tombstone`.
[[nodiscard]] std::optional<timed<stream_id>>
parse_timed_stream(std::string_view key);
[[nodiscard]] std::optional<timed<claim_digest>>
parse_claim_age(std::string_view key);
[[nodiscard]] std::optional<claim_digest> parse_claim_of(std::string_view key);
[[nodiscard]] std::optional<stream_id> parse_open(std::string_view key);
[[nodiscard]] std::optional<conversation_id> parse_purge(std::string_view key);
// The value of a `home` and of an `open` key.
[[nodiscard]] std::optional<conversation_id> parse_home(std::string_view value);
[[nodiscard]] std::string_view home_value(const conversation_id& id);

// What stands behind "v" conv: a letter and what follows it.
enum class part : std::uint8_t { record, message, stream, segment };
struct member {
  part kind;
  message_id message;  // message
  stream_id stream;    // stream, segment
  seq_t first_seq = 0; // segment
};
[[nodiscard]] std::optional<member> parse_member(std::string_view key);

} // namespace parley::storage::keys
