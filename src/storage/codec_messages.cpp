#include "storage/codec.hpp"

#include <utility>

#include "storage/codec_parts.hpp"
#include "storage/tlv.hpp"

namespace parley::storage {

using namespace parts;

// -- conversation ----------------------------------------------------------

std::string encode(const conversation& x) {
  std::string bytes{"c"};
  field_writer out{bytes};
  out.text(1, x.title);
  out.text(2, x.system_prompt);
  out.text(3, x.model);
  put_metadata(out, 4, x.metadata);
  out.signed_number(5, x.created_at.ms);
  out.signed_number(6, x.updated_at.ms);
  out.number(7, x.message_count);
  out.text(8, body_of(x.last_message));
  out.text(9, body_of(x.active_stream));
  return bytes;
}

result<conversation> decode_conversation(const conversation_id& id,
                                         std::string_view bytes) {
  conversation x;
  x.id = id;
  if (!is_type(bytes, 'c'))
    return corrupt("conversation", id.str());
  field_reader in{bytes};
  while (in.next()) {
    switch (in.field()) {
    case 1:
      read_utf8(in, x.title);
      break;
    case 2:
      read_utf8(in, x.system_prompt);
      break;
    case 3:
      read_utf8(in, x.model);
      break;
    case 4:
      read_metadata(in, x.metadata);
      break;
    case 5:
      read_time(in, x.created_at);
      break;
    case 6:
      read_time(in, x.updated_at);
      break;
    case 7:
      x.message_count = in.number();
      break;
    case 8:
      read_id(in, x.last_message);
      break;
    case 9:
      read_id(in, x.active_stream);
      break;
    default:
      break;
    }
  }
  if (!in.ok())
    return corrupt("conversation", id.str());
  return x;
}

// -- message ---------------------------------------------------------------

std::string encode(const message& x) {
  std::string bytes{"m"};
  bytes.reserve(x.content.size() + x.reasoning.size() + 160);
  field_writer out{bytes};
  out.text(1, body_of(x.parent));
  out.number(2, number_of(x.role));
  out.text(3, x.content);
  out.text(4, x.reasoning);
  for (const auto& call : x.tool_calls)
    out.present_text(5, fields_of(call));
  out.number(6, number_of(x.status));
  out.signed_number(7, x.created_at.ms);
  out.text(8, body_of(x.stream));
  out.text(9, x.model);
  out.number(10, number_of(x.finish));
  if (x.usage)
    out.present_text(11, fields_of(*x.usage));
  put_metadata(out, 12, x.metadata);
  return bytes;
}

namespace {

void read_message_field(field_reader& in, message& x) {
  switch (in.field()) {
  case 1:
    return read_id(in, x.parent);
  case 2:
    return read_enum(in, x.role);
  case 3:
    return read_utf8(in, x.content);
  case 4:
    return read_utf8(in, x.reasoning);
  case 5:
    return read_tool_call(in, x.tool_calls.emplace_back());
  case 6:
    return read_enum(in, x.status);
  case 7:
    return read_time(in, x.created_at);
  case 8:
    return read_id(in, x.stream);
  case 9:
    return read_utf8(in, x.model);
  case 10:
    return read_enum(in, x.finish);
  case 11:
    return read_usage(in, x.usage.emplace());
  case 12:
    return read_metadata(in, x.metadata);
  default:
    return;
  }
}

} // namespace

result<message> decode_message(const conversation_id& conversation,
                               const message_id& id, std::string_view bytes) {
  message x;
  x.id = id;
  x.conversation = conversation;
  // Zero is not written, so what is absent is the enumerator 0, whatever the
  // struct's own default.
  x.role = role{};
  x.status = message_status{};
  if (!is_type(bytes, 'm'))
    return corrupt("message", id.str());
  field_reader in{bytes};
  while (in.next())
    read_message_field(in, x);
  if (!in.ok())
    return corrupt("message", id.str());
  return x;
}

// -- claim -----------------------------------------------------------------

std::string encode(const idempotency_claim& x) {
  std::string bytes{"k"};
  field_writer out{bytes};
  out.text(1, x.caller);
  out.text(2, x.key);
  out.number(3, x.body_digest);
  out.text(4, body_of(x.stream));
  out.signed_number(5, x.created_at.ms);
  return bytes;
}

result<idempotency_claim> decode_claim(std::string_view bytes) {
  idempotency_claim x;
  if (!is_type(bytes, 'k'))
    return corrupt("an Idempotency-Key", {});
  field_reader in{bytes};
  while (in.next()) {
    switch (in.field()) {
    case 1:
      x.caller = in.text();
      break;
    case 2:
      x.key = in.text();
      break;
    case 3:
      x.body_digest = in.number();
      break;
    case 4:
      read_id(in, x.stream);
      break;
    case 5:
      read_time(in, x.created_at);
      break;
    default:
      break;
    }
  }
  if (!in.ok())
    return corrupt("an Idempotency-Key", {});
  return x;
}

} // namespace parley::storage
