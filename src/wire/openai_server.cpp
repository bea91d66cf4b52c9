#include "wire/openai_server.hpp"

#include <utility>

#include "chat/limits.hpp"
#include "wire/field_reader.hpp"
#include "wire/json.hpp"
#include "wire/json_writer.hpp"
#include "wire/problem.hpp"

namespace parley::wire {

namespace {

using nlohmann::json;

// -- the request
// ------------------------------------------------------------------

std::optional<role> role_from_openai(std::string_view text) {
  if (text == "developer")
    return role::system;
  if (text == "function")
    return role::tool;
  return role_from(text);
}

// A string, null, or an array of parts of which some hold text.
std::string text_of(const json& content) {
  if (content.is_string())
    return content.get<std::string>();
  std::string text;
  if (!content.is_array())
    return text;
  for (const auto& part : content) {
    if (!part.is_object())
      continue;
    const auto found = part.find("text");
    if (found == part.end() || !found->is_string())
      continue;
    if (!text.empty())
      text += '\n';
    text += found->get_ref<const std::string&>();
  }
  return text;
}

std::vector<completion_message> read_messages(field_reader& fields) {
  fields.require("messages");
  const auto* tree = fields.value("messages");
  if (tree == nullptr)
    return {};
  if (!tree->is_array() || tree->empty()) {
    fields.refuse("messages", "an array of at least one message");
    return {};
  }
  std::vector<completion_message> all;
  all.reserve(tree->size());
  for (const auto& x : *tree) {
    const auto path = "messages[" + std::to_string(all.size()) + "]";
    if (!x.is_object()) {
      fields.refuse(path, "an object");
      return {};
    }
    const auto found = x.find("role");
    const auto who = found != x.end() && found->is_string()
                       ? role_from_openai(found->get_ref<const std::string&>())
                       : std::nullopt;
    if (!who) {
      fields.refuse(path + ".role",
                    "\"system\", \"developer\", \"user\", \"assistant\", "
                    "\"tool\" or \"function\"");
      return {};
    }
    const auto content = x.find("content");
    all.push_back(
      {*who, content != x.end() ? text_of(*content) : std::string{}});
  }
  return all;
}

bool read_include_usage(field_reader& fields) {
  const auto* options = fields.value("stream_options");
  if (options == nullptr)
    return false;
  if (!options->is_object()) {
    fields.refuse("stream_options", "an object");
    return false;
  }
  field_reader members{*options, "stream_options."};
  const auto include = members.boolean("include_usage").value_or(false);
  if (members.failed())
    fields.refuse("stream_options.include_usage", "true or false");
  return include;
}

// Everything but what is ours to answer.
std::string pick_extra(std::string_view body, bool store) {
  std::string out;
  json_writer to{out};
  to.begin_object();
  for (const auto& [name, raw] : raw_members(body)) {
    const bool is_ours = name == "model" || name == "stream"
                         || name == "stream_options" || name == "n"
                         || name == "store" || (store && name == "metadata");
    if (!is_ours)
      to.key(name).raw(raw);
  }
  to.end_object();
  return out;
}

// -- the answer
// -------------------------------------------------------------------

std::string_view finish_for_openai(finish_reason x) {
  switch (x) {
  case finish_reason::length:
  case finish_reason::tool_calls:
  case finish_reason::content_filter:
    return to_string(x);
  default:
    return "stop";
  }
}

void write_tokens(json_writer& to, const usage& x) {
  to.begin_object();
  to.key("prompt_tokens").number(x.prompt_tokens);
  to.key("completion_tokens").number(x.completion_tokens);
  to.key("total_tokens").number(x.total_tokens());
  to.end_object();
}

void write_whole_tool_calls(json_writer& to,
                            const std::vector<tool_call>& calls) {
  to.begin_array();
  for (const auto& call : calls) {
    to.begin_object();
    to.key("id").string(call.id);
    to.key("type").string("function");
    to.key("function").begin_object();
    to.key("name").string(call.name);
    to.key("arguments").string(call.arguments);
    to.end_object();
    to.end_object();
  }
  to.end_array();
}

void write_model(json_writer& to, const listed_model& model) {
  to.begin_object();
  to.key("id").string(model.id);
  to.key("object").string("model");
  to.key("created").number(model.created);
  to.key("owned_by")
    .string(model.owned_by.empty() ? std::string_view{"parley"}
                                   : std::string_view{model.owned_by});
  to.end_object();
}

constexpr std::string_view done_frame = "data: [DONE]\n\n";

} // namespace

result<openai_chat_request> parse_openai_chat_request(std::string_view body) {
  const auto tree = parse_json(body);
  if (!tree)
    return fail(tree.error());
  field_reader fields{*tree};
  openai_chat_request x;
  x.model = fields.text_or_empty("model", limits::max_model_name_chars);
  x.messages = read_messages(fields);
  x.stream = fields.boolean("stream").value_or(false);
  x.include_usage = read_include_usage(fields);
  x.store = fields.boolean("store").value_or(false);
  (void)fields.integer("n", 1, 1);
  if (x.store)
    x.metadata = fields.metadata("metadata").value_or(metadata{});
  if (auto done = fields.check(); !done)
    return fail(std::move(done.error()));
  x.extra_json = pick_extra(body, x.store);
  x.body_digest = digest(*tree);
  return x;
}

completion_stream_encoder::completion_stream_encoder(
  const completion_head& head, bool include_usage)
  : include_usage_{include_usage} {
  json_writer to{head_};
  head_ += "data: ";
  to.begin_object();
  to.key("id").string(head.id);
  to.key("object").string("chat.completion.chunk");
  to.key("created").number(head.created);
  to.key("model").string(head.model);
  to.key("choices");
  open_ = head_ + R"([{"index":0,"delta":{)";
  close_ = R"(},"logprobs":null,"finish_reason":null}])";
  // With include_usage every chunk has the member; only the last one's is set.
  close_ += include_usage ? ",\"usage\":null}\n\n" : "}\n\n";
}

void completion_stream_encoder::append(std::string& out,
                                       const event& what) const {
  if (const auto* text = std::get_if<text_event>(&what)) {
    append_text(out, *text);
  } else if (const auto* call = std::get_if<tool_call_event>(&what)) {
    append_tool_call(out, *call);
  } else if (std::holds_alternative<start_event>(what)) {
    out += open_;
    out += R"("role":"assistant","content":"")";
    out += close_;
  } else if (const auto* done = std::get_if<done_event>(&what)) {
    append_done(out, *done);
  } else if (const auto* failure = std::get_if<error_event>(&what)) {
    out += "data: ";
    out +=
      encode_openai_error({failure->code, failure->text, {}, {}, std::nullopt});
    out += "\n\n";
    out += done_frame;
  }
}

void completion_stream_encoder::append_text(std::string& out,
                                            const text_event& x) const {
  out += open_;
  out +=
    x.kind == text_kind::content ? R"("content":)" : R"("reasoning_content":)";
  append_json_string(out, x.chunk);
  out += close_;
}

void completion_stream_encoder::append_tool_call(
  std::string& out, const tool_call_event& x) const {
  const auto& call = x.delta;
  out += open_;
  json_writer to{out};
  to.key("tool_calls").begin_array().begin_object();
  to.key("index").number(call.index);
  if (!call.id.empty())
    to.key("id").string(call.id).key("type").string("function");
  to.key("function").begin_object();
  if (!call.name.empty())
    to.key("name").string(call.name);
  to.key("arguments").string(call.arguments);
  to.end_object().end_object().end_array();
  out += close_;
}

void completion_stream_encoder::append_done(std::string& out,
                                            const done_event& x) const {
  out += open_;
  out += R"(},"logprobs":null,"finish_reason":")";
  out += finish_for_openai(x.reason);
  out += include_usage_ ? "\"}],\"usage\":null}\n\n" : "\"}]}\n\n";
  if (include_usage_) {
    out += head_;
    out += R"([],"usage":)";
    json_writer to{out};
    write_tokens(to, x.usage);
    out += "}\n\n";
  }
  out += done_frame;
}

std::string encode_completion(const completion_head& head,
                              const message& answer) {
  std::string out;
  json_writer to{out};
  to.begin_object();
  to.key("id").string(head.id);
  to.key("object").string("chat.completion");
  to.key("created").number(head.created);
  to.key("model").string(head.model);
  to.key("choices").begin_array().begin_object();
  to.key("index").number(0);
  to.key("message").begin_object();
  to.key("role").string("assistant");
  to.key("content");
  if (answer.content.empty() && !answer.tool_calls.empty())
    to.null();
  else
    to.string(answer.content);
  to.key("refusal").null();
  if (!answer.reasoning.empty())
    to.key("reasoning_content").string(answer.reasoning);
  if (!answer.tool_calls.empty()) {
    to.key("tool_calls");
    write_whole_tool_calls(to, answer.tool_calls);
  }
  to.end_object();
  to.key("logprobs").null();
  to.key("finish_reason").string(finish_for_openai(answer.finish));
  to.end_object().end_array();
  to.key("usage");
  write_tokens(to, answer.usage.value_or(usage{}));
  to.end_object();
  return out;
}

std::string encode_model_list(std::span<const listed_model> models) {
  std::string out;
  json_writer to{out};
  to.begin_object().key("object").string("list").key("data").begin_array();
  for (const auto& model : models)
    write_model(to, model);
  to.end_array().end_object();
  return out;
}

std::string encode_model(const listed_model& model) {
  std::string out;
  json_writer to{out};
  write_model(to, model);
  return out;
}

} // namespace parley::wire
