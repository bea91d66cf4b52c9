#include "wire/conversation_json.hpp"

#include "chat/limits.hpp"
#include "wire/conversation_members.hpp"
#include "wire/field_reader.hpp"
#include "wire/json.hpp"
#include "wire/json_writer.hpp"

namespace parley::wire {

namespace {

void write_conversation(json_writer& to, const conversation& what,
                        const std::optional<active_stream>& active) {
  to.begin_object();
  write_conversation_members(to, what);
  to.key("active_stream");
  if (active)
    to.begin_object()
      .key("id")
      .string(active->id.str())
      .key("last_seq")
      .number(active->last_seq)
      .end_object();
  else
    to.null();
  to.end_object();
}

void write_finish(json_writer& to, finish_reason reason) {
  to.key("finish_reason");
  if (reason == finish_reason::none)
    to.null();
  else
    to.string(to_string(reason));
}

void end_page(json_writer& to, std::string_view next_cursor) {
  to.end_array();
  to.key("next_cursor").string_or_null(next_cursor);
  to.end_object();
}

// An absent member stays unset; null clears.
std::optional<std::string> text_or_cleared(field_reader& fields,
                                           std::string_view name,
                                           std::uint64_t max_chars) {
  auto text = fields.text(name, 0, max_chars);
  if (!text && fields.has(name))
    text.emplace();
  return text;
}

} // namespace

result<new_conversation> parse_new_conversation(std::string_view body) {
  const auto tree = parse_json(body);
  if (!tree)
    return fail(tree.error());
  field_reader fields{*tree};
  new_conversation made;
  made.title = fields.text_or_empty("title", limits::max_title_chars);
  made.system_prompt = fields.text_or_empty("system_prompt");
  made.model = fields.text_or_empty("model", limits::max_model_name_chars);
  made.metadata = fields.metadata("metadata").value_or(metadata{});
  if (auto done = fields.finish(); !done)
    return fail(std::move(done.error()));
  return made;
}

result<conversation_patch> parse_conversation_patch(std::string_view body) {
  const auto tree = parse_json(body);
  if (!tree)
    return fail(tree.error());
  field_reader fields{*tree};
  conversation_patch patch;
  patch.title = text_or_cleared(fields, "title", limits::max_title_chars);
  patch.system_prompt = text_or_cleared(fields, "system_prompt", unlimited);
  patch.model = text_or_cleared(fields, "model", limits::max_model_name_chars);
  patch.metadata = fields.metadata("metadata");
  if (!patch.metadata && fields.has("metadata"))
    patch.metadata.emplace();
  if (auto done = fields.finish(); !done)
    return fail(std::move(done.error()));
  return patch;
}

std::string encode_conversation(const conversation& what,
                                const std::optional<active_stream>& active) {
  std::string out;
  json_writer to{out};
  write_conversation(to, what, active);
  return out;
}

std::string encode_message(const message& what) {
  std::string out;
  json_writer to{out};
  write_message(to, what);
  return out;
}

std::string encode_conversation_page(std::span<const conversation_view> items,
                                     std::string_view next_cursor) {
  std::string out;
  json_writer to{out};
  to.begin_object().key("data").begin_array();
  for (const auto& item : items)
    write_conversation(to, item.conversation, item.active);
  end_page(to, next_cursor);
  return out;
}

std::string encode_message_page(std::span<const message> items,
                                std::string_view next_cursor) {
  std::string out;
  json_writer to{out};
  to.begin_object().key("data").begin_array();
  for (const auto& item : items)
    write_message(to, item);
  end_page(to, next_cursor);
  return out;
}

std::string encode_stream_state(const stream_state& what) {
  std::string out;
  json_writer to{out};
  to.begin_object();
  to.key("id").string(what.id.str());
  to.key("conversation_id").string(what.conversation.str());
  to.key("message_id").string(what.message.str());
  to.key("status").string(to_string(what.status));
  to.key("last_seq").number(what.last_seq);
  to.key("started_at").string(to_string(what.started_at));
  to.key("finished_at");
  if (what.finished_at.is_set())
    to.string(to_string(what.finished_at));
  else
    to.null();
  write_finish(to, what.finish);
  to.key("subscribers").number(what.subscribers);
  to.end_object();
  return out;
}

std::string encode_answer(const message& user_message, const message& answer) {
  std::string out;
  json_writer to{out};
  to.begin_object();
  to.key("stream_id").string_or_null(answer.stream.str());
  to.key("conversation_id").string(answer.conversation.str());
  to.key("user_message");
  write_message(to, user_message);
  to.key("message");
  write_message(to, answer);
  write_finish(to, answer.finish);
  to.key("usage");
  if (answer.usage)
    write_usage(to, *answer.usage);
  else
    to.null();
  to.end_object();
  return out;
}

} // namespace parley::wire
