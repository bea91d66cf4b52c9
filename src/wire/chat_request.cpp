#include "wire/chat_request.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <limits>
#include <string>

#include "chat/limits.hpp"
#include "chat/utf8.hpp"
#include "wire/field_reader.hpp"
#include "wire/json.hpp"

namespace parley::wire {

namespace {

constexpr auto max_integer = std::numeric_limits<std::int64_t>::max();
constexpr auto min_integer = std::numeric_limits<std::int64_t>::min();

// What a timer of 32 bits can wait, about 24 days.
constexpr std::int64_t max_cancel_after_ms =
  std::numeric_limits<std::int32_t>::max();

std::string read_message(field_reader& fields, std::uint64_t max_chars) {
  fields.require("message");
  auto text = fields.text("message", 1);
  if (!text)
    return {};
  if (const auto chars = utf8::length(*text); chars > max_chars)
    fields.refuse({errc::message_too_long,
                   "`message` has " + std::to_string(chars)
                     + " characters, at most " + std::to_string(max_chars)
                     + " are taken",
                   "message",
                   {},
                   std::nullopt});
  return std::move(*text);
}

conversation_id read_conversation(field_reader& fields) {
  const auto text = fields.text("conversation_id");
  if (!text)
    return {};
  auto id = conversation_id::parse(*text);
  if (!id) {
    fields.refuse({errc::conversation_not_found,
                   "`conversation_id` names no conversation",
                   "conversation_id",
                   {},
                   std::nullopt});
    return {};
  }
  if (fields.value("system_prompt") != nullptr)
    fields.refuse({errc::invalid_request,
                   "`system_prompt` is only for a new conversation; change the "
                   "one of this conversation with PATCH",
                   "system_prompt",
                   {},
                   std::nullopt});
  return std::move(*id);
}

sampling read_sampling(field_reader& fields) {
  sampling x;
  x.temperature = fields.number("temperature", 0, 2);
  x.top_p = fields.number("top_p", 0, 1);
  x.max_tokens = fields.integer("max_tokens", 1, max_integer);
  x.stop =
    fields.texts("stop", limits::max_stop_sequences, limits::max_stop_chars);
  x.seed = fields.integer("seed", min_integer, max_integer);
  return x;
}

// Every whole number from 1 on is taken, also one that no integer type holds.
std::uint64_t read_max_response_chars(field_reader& fields,
                                      std::uint64_t absent, std::uint64_t cap) {
  const auto* value = fields.value("max_response_chars");
  if (value == nullptr)
    return std::min(absent, cap);
  if (value->is_number_unsigned() && value->get<std::uint64_t>() >= 1)
    return std::min(value->get<std::uint64_t>(), cap);
  if (value->is_number_float()) {
    const auto number = value->get<double>();
    const auto whole = integer_of(*value);
    if (number >= 0x1p63)
      return cap;
    if (whole && *whole >= 1)
      return std::min(static_cast<std::uint64_t>(*whole), cap);
  }
  fields.refuse("max_response_chars", "an integer of at least 1");
  return cap;
}

disconnect_policy read_policy(field_reader& fields,
                              const disconnect_policy& absent) {
  const auto* value = fields.value("on_disconnect");
  if (value == nullptr)
    return absent;
  auto policy = absent;
  if (*value == "continue") {
    policy.kind = disconnect_policy::kind_t::keep;
    return policy;
  }
  if (*value == "cancel") {
    policy.kind = disconnect_policy::kind_t::cancel;
    return policy;
  }
  if (value->is_object() && value->size() == 1
      && value->contains("cancel_after_ms")) {
    const auto wait = integer_of(value->at("cancel_after_ms"));
    if (wait && *wait >= 0 && *wait <= max_cancel_after_ms) {
      policy.kind = disconnect_policy::kind_t::cancel_after;
      policy.grace = std::chrono::milliseconds{*wait};
      policy.first_reader_grace = policy.grace;
      return policy;
    }
  }
  fields.refuse("on_disconnect",
                "\"continue\", \"cancel\" or {\"cancel_after_ms\": n} with n "
                "from 0 to "
                  + std::to_string(max_cancel_after_ms));
  return absent;
}

bool read_if_busy(field_reader& fields) {
  const auto* value = fields.value("if_busy");
  if (value == nullptr || *value == "reject")
    return false;
  if (*value == "cancel")
    return true;
  fields.refuse("if_busy", "\"reject\" or \"cancel\"");
  return false;
}

} // namespace

result<chat_request> parse_chat_request(std::string_view body,
                                        const chat_request_limits& limits,
                                        const chat_request_defaults& defaults) {
  const auto tree = parse_json(body);
  if (!tree)
    return fail(tree.error());
  field_reader fields{*tree};
  chat_request request;
  request.message = read_message(fields, limits.max_message_chars);
  request.conversation = read_conversation(fields);
  request.model =
    fields.text("model", 1, limits::max_model_name_chars).value_or("");
  request.system_prompt = fields.text_or_empty("system_prompt");
  request.sampling = read_sampling(fields);
  request.max_response_chars = read_max_response_chars(
    fields, defaults.max_response_chars, limits.max_response_chars);
  request.on_disconnect = read_policy(fields, defaults.policy);
  request.cancel_if_busy = read_if_busy(fields);
  request.metadata = fields.metadata("metadata").value_or(metadata{});
  if (auto done = fields.finish(); !done)
    return fail(std::move(done.error()));
  request.body_digest = digest(*tree);
  return request;
}

} // namespace parley::wire
