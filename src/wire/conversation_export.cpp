#include "wire/conversation_export.hpp"

#include <limits>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "chat/limits.hpp"
#include "wire/conversation_members.hpp"
#include "wire/field_reader.hpp"
#include "wire/json.hpp"
#include "wire/json_writer.hpp"

namespace parley::wire {

namespace {

using nlohmann::json;

constexpr std::string_view format_name = "parley.conversation";
constexpr std::int64_t format_version = 1;
constexpr auto max_integer = std::numeric_limits<std::int64_t>::max();

// -- members of either
// ------------------------------------------------------------

template <class Id>
Id read_id(field_reader& fields, std::string_view name) {
  const auto text = fields.text(name);
  if (!text)
    return {};
  auto id = Id::parse(*text);
  if (!id) {
    fields.refuse(name, "an id that begins with \"" + std::string{Id::prefix}
                          + "\", as it was exported");
    return {};
  }
  return std::move(*id);
}

template <class Id>
Id require_id(field_reader& fields, std::string_view name) {
  fields.require(name);
  return read_id<Id>(fields, name);
}

timestamp require_time(field_reader& fields, std::string_view name) {
  fields.require(name);
  const auto text = fields.text(name);
  if (!text)
    return {};
  const auto when = timestamp_from(*text);
  if (!when)
    fields.refuse(name, "a time like 2026-11-22T18:30:00.123Z");
  return when.value_or(timestamp{});
}

template <class Enum>
std::optional<Enum>
read_name(field_reader& fields, std::string_view name,
          std::optional<Enum> (*from)(std::string_view) noexcept) {
  const auto text = fields.text(name);
  if (!text)
    return std::nullopt;
  const auto found = from(*text);
  if (!found)
    fields.refuse(name, "one of the values that an export has there");
  return found;
}

// -- a conversation
// ---------------------------------------------------------------

result<conversation> read_conversation(const json& tree) {
  field_reader fields{tree, "conversation."};
  conversation x;
  x.id = require_id<conversation_id>(fields, "id");
  x.title = fields.text_or_empty("title", limits::max_title_chars);
  x.system_prompt = fields.text_or_empty("system_prompt");
  x.model = fields.text_or_empty("model", limits::max_model_name_chars);
  x.metadata = fields.metadata("metadata").value_or(metadata{});
  x.created_at = require_time(fields, "created_at");
  x.updated_at = require_time(fields, "updated_at");
  // Counted anew by the caller.
  (void)fields.integer("message_count", 0, max_integer);
  x.last_message = read_id<message_id>(fields, "last_message_id");
  if (auto done = fields.finish(); !done)
    return fail(std::move(done.error()));
  return x;
}

// -- a message
// --------------------------------------------------------------------

std::optional<usage> read_usage(field_reader& fields, const std::string& path) {
  const auto* tree = fields.value("usage");
  if (tree == nullptr)
    return std::nullopt;
  field_reader members{*tree, path + "usage."};
  usage x;
  for (const auto name : {"prompt_tokens", "completion_tokens", "source"})
    members.require(name);
  x.prompt_tokens = static_cast<std::uint64_t>(
    members.integer("prompt_tokens", 0, max_integer).value_or(0));
  x.completion_tokens = static_cast<std::uint64_t>(
    members.integer("completion_tokens", 0, max_integer).value_or(0));
  (void)members.value("total_tokens");
  const auto source = members.text("source");
  if (source && *source != "provider" && *source != "estimated")
    members.refuse("source", "\"provider\" or \"estimated\"");
  x.estimated = source != "provider";
  if (auto done = members.finish(); !done)
    fields.refuse(std::move(done.error()));
  return x;
}

std::vector<tool_call> read_tool_calls(field_reader& fields,
                                       const std::string& path) {
  const auto* tree = fields.value("tool_calls");
  if (tree == nullptr)
    return {};
  if (!tree->is_array()) {
    fields.refuse("tool_calls", "an array");
    return {};
  }
  std::vector<tool_call> calls;
  for (const auto& element : *tree) {
    field_reader members{element, path + "tool_calls["
                                    + std::to_string(calls.size()) + "]."};
    tool_call x;
    members.require("index");
    x.index = static_cast<std::uint32_t>(
      members.integer("index", 0, std::numeric_limits<std::uint32_t>::max())
        .value_or(0));
    x.id = members.text_or_empty("id");
    x.name = members.text_or_empty("name");
    x.arguments = members.text_or_empty("arguments");
    calls.push_back(std::move(x));
    if (auto done = members.finish(); !done) {
      fields.refuse(std::move(done.error()));
      break;
    }
  }
  return calls;
}

result<message> read_message(const json& tree, const std::string& path) {
  field_reader fields{tree, path};
  for (const auto name : {"role", "content", "status"})
    fields.require(name);
  message x;
  x.id = require_id<message_id>(fields, "id");
  x.conversation = require_id<conversation_id>(fields, "conversation_id");
  x.parent = read_id<message_id>(fields, "parent_id");
  x.role = read_name(fields, "role", role_from).value_or(role::user);
  x.content = fields.text_or_empty("content");
  x.reasoning = fields.text_or_empty("reasoning");
  x.tool_calls = read_tool_calls(fields, path);
  x.status = read_name(fields, "status", message_status_from)
               .value_or(message_status::complete);
  if (x.status == message_status::generating)
    x.status = message_status::interrupted;
  x.created_at = require_time(fields, "created_at");
  x.stream = read_id<stream_id>(fields, "stream_id");
  x.model = fields.text_or_empty("model", limits::max_model_name_chars);
  x.finish = read_name(fields, "finish_reason", finish_reason_from)
               .value_or(finish_reason::none);
  x.usage = read_usage(fields, path);
  x.metadata = fields.metadata("metadata").value_or(metadata{});
  if (auto done = fields.finish(); !done)
    return fail(std::move(done.error()));
  return x;
}

// -- how they fit together ----------------------------------------------------

tl::unexpected<error> misfit(const std::string& field, std::string_view must) {
  return fail(errc::invalid_request,
              "`" + field + "` must " + std::string{must}, field);
}

std::string path_of(std::size_t index) {
  return "messages[" + std::to_string(index) + "].";
}

using places = std::unordered_map<message_id, std::size_t>;

// Every parent is there, and nothing is its own ancestor. A message has one
// parent at most, so that each path is walked once: it ends at the beginning,
// or at a message that an earlier walk has passed.
result<void> check_parents(const std::vector<message>& all,
                           const places& place_of) {
  std::vector<std::size_t> walked_by(all.size(), all.size());
  for (std::size_t walk = 0; walk < all.size(); ++walk) {
    auto at = walk;
    while (walked_by[at] == all.size()) {
      walked_by[at] = walk;
      if (all[at].parent.empty())
        break;
      const auto parent = place_of.find(all[at].parent);
      if (parent == place_of.end())
        return misfit(path_of(at) + "parent_id",
                      "be the id of another message of the export");
      at = parent->second;
      if (walked_by[at] == walk)
        return misfit(path_of(at) + "parent_id", "not lead back to itself");
    }
  }
  return {};
}

result<void> check_family(const exported_conversation& made) {
  places place_of;
  place_of.reserve(made.messages.size());
  for (std::size_t i = 0; i < made.messages.size(); ++i) {
    const auto& x = made.messages[i];
    if (x.conversation != made.conversation.id)
      return misfit(path_of(i) + "conversation_id",
                    "be the id of the conversation");
    if (!place_of.emplace(x.id, i).second)
      return misfit(path_of(i) + "id", "be there only once");
  }
  const auto& last = made.conversation.last_message;
  if (!last.empty() && !place_of.contains(last))
    return misfit("conversation.last_message_id",
                  "be the id of one of the messages");
  return check_parents(made.messages, place_of);
}

result<void> read_messages(const json& tree, exported_conversation& to) {
  if (!tree.is_array())
    return misfit("messages", "be an array");
  to.messages.reserve(tree.size());
  for (const auto& element : tree) {
    auto x = read_message(element, path_of(to.messages.size()));
    if (!x)
      return fail(std::move(x.error()));
    to.messages.push_back(std::move(*x));
  }
  to.conversation.message_count = to.messages.size();
  return check_family(to);
}

} // namespace

std::string encode_export(const exported_conversation& what) {
  std::string out;
  json_writer to{out};
  to.begin_object();
  to.key("format").string(format_name);
  to.key("version").number(format_version);
  to.key("conversation").begin_object();
  write_conversation_members(to, what.conversation);
  to.key("last_message_id")
    .string_or_null(what.conversation.last_message.str());
  to.end_object();
  to.key("messages").begin_array();
  for (const auto& x : what.messages)
    write_message(to, x);
  to.end_array();
  to.end_object();
  return out;
}

result<exported_conversation> parse_import(std::string_view body) {
  const auto tree = parse_json(body);
  if (!tree)
    return fail(tree.error());
  field_reader fields{*tree};
  for (const auto name : {"format", "version", "conversation", "messages"})
    fields.require(name);
  if (const auto format = fields.text("format");
      format && *format != format_name)
    fields.refuse("format", "\"" + std::string{format_name} + "\"");
  (void)fields.integer("version", format_version, format_version);
  const auto* conversation_tree = fields.value("conversation");
  const auto* messages_tree = fields.value("messages");
  if (auto done = fields.finish(); !done)
    return fail(std::move(done.error()));
  auto whose = read_conversation(*conversation_tree);
  if (!whose)
    return fail(std::move(whose.error()));
  exported_conversation made{std::move(*whose), {}};
  if (auto done = read_messages(*messages_tree, made); !done)
    return fail(std::move(done.error()));
  return made;
}

} // namespace parley::wire
