#include "storage/codec.hpp"

#include <utility>

#include "storage/codec_parts.hpp"
#include "storage/tlv.hpp"

namespace parley::storage {

using namespace parts;

// -- stream ----------------------------------------------------------------

std::string encode(const stream_record& x) {
  std::string bytes{"s"};
  field_writer out{bytes};
  out.text(1, body_of(x.user_message));
  out.text(2, body_of(x.message));
  out.text(3, x.model);
  out.text(4, x.caller);
  out.text(5, x.idempotency_key);
  out.signed_number(6, x.started_at.ms);
  out.number(7, number_of(x.status));
  out.signed_number(8, x.finished_at.ms);
  out.number(9, x.last_seq);
  out.number(10, number_of(x.finish));
  if (x.error)
    out.present_text(11, fields_of(*x.error));
  out.present_text(12, fields_of(x.usage));
  for (const auto& run : x.layout)
    out.present_text(13, fields_of(run));
  return bytes;
}

std::string encode(const tombstone& x) {
  std::string bytes{"x"};
  field_writer out{bytes};
  out.text(1, body_of(x.message));
  out.signed_number(2, x.finished_at.ms);
  return bytes;
}

namespace {

void read_stream_field(field_reader& in, stream_record& x) {
  switch (in.field()) {
  case 1:
    return read_id(in, x.user_message);
  case 2:
    return read_id(in, x.message);
  case 3:
    return read_utf8(in, x.model);
  case 4:
    // The caller and the key may be any bytes; nothing cuts them.
    x.caller = in.text();
    return;
  case 5:
    x.idempotency_key = in.text();
    return;
  case 6:
    return read_time(in, x.started_at);
  case 7:
    return read_enum(in, x.status);
  case 8:
    return read_time(in, x.finished_at);
  case 9:
    x.last_seq = in.number();
    return;
  case 10:
    return read_enum(in, x.finish);
  case 11:
    return read_error(in, x.error.emplace());
  case 12:
    return read_usage(in, x.usage);
  case 13:
    return read_layout_run(in, x.layout.emplace_back());
  default:
    return;
  }
}

bool read_tombstone(field_reader in, tombstone& x) {
  while (in.next()) {
    switch (in.field()) {
    case 1:
      read_id(in, x.message);
      break;
    case 2:
      read_time(in, x.finished_at);
      break;
    default:
      break;
    }
  }
  return in.ok();
}

} // namespace

result<std::variant<stream_record, tombstone>>
decode_stream(const conversation_id& conversation, const stream_id& id,
              std::string_view bytes) {
  if (is_type(bytes, 'x')) {
    tombstone x;
    if (!read_tombstone(field_reader{bytes}, x))
      return corrupt("expired stream", id.str());
    return x;
  }
  if (!is_type(bytes, 's'))
    return corrupt("stream", id.str());
  stream_record x;
  x.id = id;
  x.conversation = conversation;
  x.status = stream_status{};
  x.last_seq = 0;
  field_reader in{bytes};
  while (in.next())
    read_stream_field(in, x);
  if (!in.ok())
    return corrupt("stream", id.str());
  return x;
}

// -- segment ---------------------------------------------------------------

std::string encode(const log_segment& x) {
  std::string bytes{"g"};
  field_writer out{bytes};
  for (const auto& entry : x.entries)
    out.present_text(1, fields_of(entry));
  return bytes;
}

result<log_segment> decode_segment(const stream_id& stream, seq_t first_seq,
                                   std::string_view bytes) {
  log_segment x;
  x.stream = stream;
  x.first_seq = first_seq;
  if (!is_type(bytes, 'g'))
    return corrupt("text of stream", stream.str());
  field_reader in{bytes};
  while (in.next()) {
    if (in.field() == 1)
      read_log_entry(in, x.entries.emplace_back());
  }
  if (!in.ok())
    return corrupt("text of stream", stream.str());
  return x;
}

} // namespace parley::storage
