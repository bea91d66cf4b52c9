#include "wire/conversation_members.hpp"

namespace parley::wire {

namespace {

void write_metadata(json_writer& to, const metadata& pairs) {
  to.begin_object();
  for (const auto& [name, value] : pairs)
    to.key(name).string(value);
  to.end_object();
}

void write_tool_calls(json_writer& to, const std::vector<tool_call>& calls) {
  to.begin_array();
  for (const auto& call : calls)
    to.begin_object()
      .key("index")
      .number(call.index)
      .key("id")
      .string_or_null(call.id)
      .key("name")
      .string_or_null(call.name)
      .key("arguments")
      .string(call.arguments)
      .end_object();
  to.end_array();
}

} // namespace

void write_conversation_members(json_writer& to, const conversation& what) {
  to.key("id").string(what.id.str());
  to.key("title").string_or_null(what.title);
  to.key("system_prompt").string_or_null(what.system_prompt);
  to.key("model").string_or_null(what.model);
  to.key("metadata");
  write_metadata(to, what.metadata);
  to.key("created_at").string(to_string(what.created_at));
  to.key("updated_at").string(to_string(what.updated_at));
  to.key("message_count").number(what.message_count);
}

void write_message(json_writer& to, const message& what) {
  to.begin_object();
  to.key("id").string(what.id.str());
  to.key("conversation_id").string(what.conversation.str());
  to.key("parent_id").string_or_null(what.parent.str());
  to.key("role").string(to_string(what.role));
  to.key("content").string(what.content);
  to.key("reasoning").string_or_null(what.reasoning);
  to.key("status").string(to_string(what.status));
  to.key("created_at").string(to_string(what.created_at));
  to.key("stream_id").string_or_null(what.stream.str());
  to.key("model").string_or_null(what.model);
  to.key("finish_reason");
  if (what.finish == finish_reason::none)
    to.null();
  else
    to.string(to_string(what.finish));
  to.key("usage");
  if (what.usage)
    write_usage(to, *what.usage);
  else
    to.null();
  to.key("metadata");
  write_metadata(to, what.metadata);
  if (!what.tool_calls.empty()) {
    to.key("tool_calls");
    write_tool_calls(to, what.tool_calls);
  }
  to.end_object();
}

void write_usage(json_writer& to, const usage& what) {
  to.begin_object();
  to.key("prompt_tokens").number(what.prompt_tokens);
  to.key("completion_tokens").number(what.completion_tokens);
  to.key("total_tokens").number(what.total_tokens());
  to.key("source").string(what.estimated ? "estimated" : "provider");
  to.end_object();
}

} // namespace parley::wire
