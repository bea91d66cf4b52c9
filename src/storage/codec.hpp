// Record values <-> bytes.
//
//   value := type fields        (fields: tlv.hpp; numbers: codec_*.cpp)
//   type  := "c" conversation | "m" message | "s" stream | "x" tombstone
//          | "g" segment | "k" claim
//
// What the key says (ids, first_seq) is not in the value and is passed to
// `decode_…`. A form that older code could not read gets a new type letter and
// a new schema version; a new field needs neither.
//
// Bytes that are no such record give errc::storage_failed with the kind and the
// id in the detail. RocksDB's block checksums find what a disk does to bytes;
// this is the second line, and never has undefined behaviour.
#pragma once

#include <string>
#include <string_view>
#include <variant>

#include "chat/conversation.hpp"
#include "chat/message.hpp"
#include "chat/result.hpp"
#include "chat/stream_log.hpp"
#include "chat/stream_record.hpp"
#include "storage/store.hpp"

namespace parley::storage {

// What is left of an expired stream.
struct tombstone {
  message_id message; // where its text is
  timestamp finished_at;

  friend bool operator==(const tombstone&, const tombstone&) = default;
};

[[nodiscard]] std::string encode(const conversation& x);
[[nodiscard]] std::string encode(const message& x);
[[nodiscard]] std::string encode(const stream_record& x);
[[nodiscard]] std::string encode(const tombstone& x);
[[nodiscard]] std::string encode(const log_segment& x);
[[nodiscard]] std::string encode(const idempotency_claim& x);

[[nodiscard]] result<conversation>
decode_conversation(const conversation_id& id, std::string_view bytes);

[[nodiscard]] result<message>
decode_message(const conversation_id& conversation, const message_id& id,
               std::string_view bytes);

// A stream's key holds its record until it expires, then a tombstone.
[[nodiscard]] result<std::variant<stream_record, tombstone>>
decode_stream(const conversation_id& conversation, const stream_id& id,
              std::string_view bytes);

[[nodiscard]] result<log_segment> decode_segment(const stream_id& stream,
                                                 seq_t first_seq,
                                                 std::string_view bytes);

[[nodiscard]] result<idempotency_claim> decode_claim(std::string_view bytes);

} // namespace parley::storage
