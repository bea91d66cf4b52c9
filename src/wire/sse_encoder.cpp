#include "wire/sse_encoder.hpp"

#include <cstdint>

#include "wire/json.hpp"

namespace parley::wire {

namespace {

void append_number(std::string& out, std::uint64_t value) {
  append_json_number(out, value);
}

// Ids need no escaping.
void append_id(std::string& out, const std::string& id) {
  out += '"';
  out += id;
  out += '"';
}

void append_string_or_null(std::string& out, std::string_view text) {
  if (text.empty())
    out += "null";
  else
    append_json_string(out, text);
}

void append_json(std::string& out, const start_event& x) {
  out += R"({"type":"start","seq":)";
  append_number(out, start_event::seq);
  out += R"(,"stream_id":)";
  append_id(out, x.stream.str());
  out += R"(,"conversation_id":)";
  append_id(out, x.conversation.str());
  out += R"(,"user_message_id":)";
  append_id(out, x.user_message.str());
  out += R"(,"message_id":)";
  append_id(out, x.message.str());
  out += R"(,"model":)";
  append_json_string(out, x.model);
  out += '}';
}

void append_json(std::string& out, const text_event& x) {
  out += R"({"chunk":)";
  append_json_string(out, x.chunk);
  out += x.kind == text_kind::content ? R"(,"type":"content","seq":)"
                                      : R"(,"type":"reasoning","seq":)";
  append_number(out, x.seq);
  out += '}';
}

void append_json(std::string& out, const tool_call_event& x) {
  out += R"({"type":"tool_call","seq":)";
  append_number(out, x.seq);
  out += R"(,"index":)";
  append_number(out, x.delta.index);
  out += R"(,"id":)";
  append_string_or_null(out, x.delta.id);
  out += R"(,"name":)";
  append_string_or_null(out, x.delta.name);
  out += R"(,"arguments":)";
  append_json_string(out, x.delta.arguments);
  out += '}';
}

void append_json(std::string& out, const reset_event& x) {
  out += R"({"type":"reset","seq":)";
  append_number(out, x.seq);
  out += R"(,"reason":)";
  append_json_string(out, x.reason);
  out += '}';
}

void append_json(std::string& out, const error_event& x) {
  out += R"({"error":)";
  append_json_string(out, x.text);
  out += R"(,"type":"error","code":")";
  out += to_string(x.code);
  out += x.retryable ? R"(","retryable":true,"seq":)"
                     : R"(","retryable":false,"seq":)";
  append_number(out, x.seq);
  out += '}';
}

void append_json(std::string& out, const done_event& x) {
  out += R"({"type":"done","seq":)";
  append_number(out, x.seq);
  out += R"(,"finish_reason":")";
  out += to_string(x.reason);
  out += R"(","message_id":)";
  append_id(out, x.message.str());
  out += R"(,"usage":{"prompt_tokens":)";
  append_number(out, x.usage.prompt_tokens);
  out += R"(,"completion_tokens":)";
  append_number(out, x.usage.completion_tokens);
  out += R"(,"total_tokens":)";
  append_number(out, x.usage.total_tokens());
  out += x.usage.estimated ? R"(,"source":"estimated"}})"
                           : R"(,"source":"provider"}})";
}

void append_json(std::string& out, const progress_event& x) {
  out += R"({"type":"progress","stage":")";
  out += to_string(x.stage);
  out += R"(","attempt":)";
  append_number(out, x.attempt);
  out += '}';
}

} // namespace

void append_frame(std::string& out, const event& what, sse_dialect dialect) {
  out += "data: ";
  std::visit([&out](const auto& x) { append_json(out, x); }, what);
  if (const auto seq = seq_of(what);
      seq != 0 && dialect == sse_dialect::native_with_ids) {
    out += "\nid: ";
    append_number(out, seq);
  }
  out += "\n\n";
}

} // namespace parley::wire
