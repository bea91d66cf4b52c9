#include "wire/openai_client.hpp"

#include <algorithm>
#include <utility>

#include "chat/utf8.hpp"
#include "wire/json.hpp"
#include "wire/json_reader.hpp"
#include "wire/json_writer.hpp"

namespace parley::wire {

namespace {

using kind = json_reader::kind;

// -- the request
// ------------------------------------------------------------------

using raw_object = std::vector<std::pair<std::string, std::string_view>>;

bool names(const raw_object& members, std::string_view name) {
  return std::any_of(members.begin(), members.end(),
                     [name](const auto& x) { return x.first == name; });
}

void write_messages(json_writer& to,
                    const std::vector<completion_message>& all) {
  to.begin_array();
  for (const auto& x : all)
    to.begin_object()
      .key("role")
      .string(to_string(x.role))
      .key("content")
      .string(x.content)
      .end_object();
  to.end_array();
}

void write_sampling(json_writer& to, const sampling& x,
                    const raw_object& extra) {
  if (x.temperature && !names(extra, "temperature"))
    to.key("temperature").number(*x.temperature);
  if (x.top_p && !names(extra, "top_p"))
    to.key("top_p").number(*x.top_p);
  if (x.max_tokens && !names(extra, "max_tokens"))
    to.key("max_tokens").number(*x.max_tokens);
  if (!x.stop.empty() && !names(extra, "stop")) {
    to.key("stop").begin_array();
    for (const auto& text : x.stop)
      to.string(text);
    to.end_array();
  }
  if (x.seed && !names(extra, "seed"))
    to.key("seed").number(*x.seed);
}

// -- the answer
// -------------------------------------------------------------------

// Text that may be a string, null, or an array of parts that hold text
// (Mistral's thinking models).
void read_text(json_reader& from, std::string& out) {
  switch (from.peek()) {
  case kind::string:
    from.read_string(out);
    return;
  case kind::array:
    break;
  default:
    from.skip();
    return;
  }
  from.enter_array();
  std::string_view name;
  while (from.next_element()) {
    if (from.peek() != kind::object) {
      from.skip();
      continue;
    }
    from.enter_object();
    while (from.next_member(name))
      if (name == "text" && from.peek() == kind::string)
        from.read_string(out);
      else
        from.skip();
  }
}

void read_function(json_reader& from, tool_call& to) {
  if (from.peek() != kind::object) {
    from.skip();
    return;
  }
  from.enter_object();
  std::string_view name;
  while (from.next_member(name)) {
    const bool is_string = from.peek() == kind::string;
    if (name == "name" && is_string) {
      from.read_string(to.name);
    } else if (name == "arguments" && is_string) {
      from.read_string(to.arguments);
    } else if (name == "arguments" && from.peek() == kind::object) {
      // Some servers forget to make a string of it.
      std::string_view raw;
      if (from.read_raw(raw))
        to.arguments +=
          utf8::is_valid(raw) ? std::string{raw} : utf8::to_valid(raw);
    } else {
      from.skip();
    }
  }
}

void read_tool_calls(json_reader& from, std::vector<tool_call>& to) {
  if (from.peek() != kind::array) {
    from.skip();
    return;
  }
  from.enter_array();
  std::string_view name;
  while (from.next_element()) {
    if (from.peek() != kind::object) {
      from.skip();
      continue;
    }
    tool_call call;
    // Where the index is left out, the place in the array is meant.
    std::uint64_t index = to.size();
    from.enter_object();
    while (from.next_member(name)) {
      if (name == "index" && from.peek() == kind::number)
        from.read_count(index);
      else if (name == "id" && from.peek() == kind::string)
        from.read_string(call.id);
      else if (name == "function")
        read_function(from, call);
      else
        from.skip();
    }
    call.index =
      static_cast<std::uint32_t>(std::min<std::uint64_t>(index, UINT32_MAX));
    to.push_back(std::move(call));
  }
}

// `delta` of a chunk, `message` of a whole body.
void read_delta(json_reader& from, completion_chunk& to) {
  if (from.peek() != kind::object) {
    from.skip();
    return;
  }
  // Newer servers say `reasoning`, older ones `reasoning_content`, and some
  // say the same in both.
  std::string reasoning;
  from.enter_object();
  std::string_view name;
  while (from.next_member(name)) {
    if (name == "content")
      read_text(from, to.content);
    else if (name == "reasoning_content")
      read_text(from, to.reasoning);
    else if (name == "reasoning")
      read_text(from, reasoning);
    else if (name == "tool_calls")
      read_tool_calls(from, to.tool_calls);
    else
      from.skip();
  }
  if (to.reasoning.empty())
    to.reasoning = std::move(reasoning);
}

finish_reason finish_from_upstream(std::string_view text) {
  if (text.empty())
    return finish_reason::none;
  if (text == "length" || text == "max_tokens")
    return finish_reason::length;
  if (text == "tool_calls" || text == "function_call")
    return finish_reason::tool_calls;
  if (text == "content_filter")
    return finish_reason::content_filter;
  return finish_reason::stop;
}

// Returns the choice's index.
std::uint64_t read_choice(json_reader& from, completion_chunk& to) {
  std::uint64_t index = 0;
  from.enter_object();
  std::string_view name;
  while (from.next_member(name)) {
    if (name == "delta" || name == "message") {
      read_delta(from, to);
    } else if (name == "finish_reason" && from.peek() == kind::string) {
      std::string reason;
      from.read_string(reason);
      to.finish = finish_from_upstream(reason);
    } else if (name == "index" && from.peek() == kind::number) {
      from.read_count(index);
    } else {
      from.skip();
    }
  }
  return index;
}

// Returns false where choices are not what they should be.
bool read_choices(json_reader& from, completion_chunk& to) {
  if (from.peek() != kind::array) {
    const bool is_null = from.peek() == kind::null;
    from.skip();
    return is_null;
  }
  bool has_first = false;
  from.enter_array();
  while (from.next_element()) {
    if (from.peek() != kind::object)
      return false;
    completion_chunk part;
    if (read_choice(from, part) != 0 || has_first)
      continue;
    has_first = true;
    to.content = std::move(part.content);
    to.reasoning = std::move(part.reasoning);
    to.tool_calls = std::move(part.tool_calls);
    to.finish = part.finish;
  }
  return from.ok();
}

void read_usage(json_reader& from, completion_chunk& to) {
  if (from.peek() != kind::object) {
    from.skip();
    return;
  }
  usage used;
  bool is_told = false;
  from.enter_object();
  std::string_view name;
  while (from.next_member(name)) {
    const bool is_number = from.peek() == kind::number;
    if (name == "prompt_tokens" && is_number)
      is_told |= from.read_count(used.prompt_tokens);
    else if (name == "completion_tokens" && is_number)
      is_told |= from.read_count(used.completion_tokens);
    else
      from.skip();
  }
  used.estimated = false;
  if (is_told)
    to.usage = used;
}

// Some upstreams have `error` in every chunk, as null, false or 0.
bool is_error(kind x) {
  return x == kind::object || x == kind::string || x == kind::array;
}

tl::unexpected<error> protocol_error(std::string_view what) {
  return fail(errc::upstream_protocol, "the upstream sent " + std::string{what}
                                         + " that makes no sense");
}

result<completion_chunk> parse(std::string_view text, std::string_view what) {
  json_reader from{text};
  completion_chunk chunk;
  bool has_error = false;
  bool is_shaped = from.enter_object();
  std::string_view name;
  while (is_shaped && from.next_member(name)) {
    if (name == "choices")
      is_shaped = read_choices(from, chunk);
    else if (name == "usage")
      read_usage(from, chunk);
    else if (name == "error" && is_error(from.peek())) {
      has_error = true;
      break;
    } else if (name == "object" && from.peek() == kind::string) {
      std::string type;
      from.read_string(type);
      has_error = has_error || type == "error";
    } else {
      from.skip();
    }
  }
  if (has_error) {
    const auto words = upstream_error_text(text);
    return fail(errc::upstream_failed,
                words.empty() ? "the upstream reported an error"
                              : "the upstream reported an error: " + words);
  }
  if (!is_shaped || !from.at_end())
    return protocol_error(what);
  return chunk;
}

} // namespace

std::string encode_completion_request(const completion_request& what) {
  const auto extra =
    what.extra_json.empty() ? raw_object{} : raw_members(what.extra_json);
  std::string out;
  json_writer to{out};
  to.begin_object();
  to.key("model").string(what.model);
  if (!names(extra, "messages")) {
    to.key("messages");
    write_messages(to, what.messages);
  }
  write_sampling(to, what.sampling, extra);
  for (const auto& [name, raw] : extra)
    if (name != "model" && name != "stream" && name != "stream_options")
      to.key(name).raw(raw);
  to.key("stream").boolean(true);
  to.key("stream_options")
    .begin_object()
    .key("include_usage")
    .boolean(true)
    .end_object();
  to.end_object();
  return out;
}

bool is_done_marker(std::string_view data) noexcept {
  while (data.ends_with(' '))
    data.remove_suffix(1);
  return data == "[DONE]";
}

result<completion_chunk> parse_completion_chunk(std::string_view data) {
  return parse(data, "an event");
}

result<completion_chunk> parse_completion_body(std::string_view body) {
  return parse(body, "an answer");
}

result<std::vector<listed_model>> parse_model_list(std::string_view body) {
  json_reader from{body};
  std::vector<listed_model> models;
  bool has_data = false;
  std::string_view name;
  from.enter_object();
  while (from.next_member(name)) {
    if (name != "data" || from.peek() != kind::array) {
      from.skip();
      continue;
    }
    has_data = true;
    from.enter_array();
    while (from.next_element()) {
      listed_model model;
      from.enter_object();
      while (from.next_member(name)) {
        std::uint64_t created = 0;
        if (name == "id" && from.peek() == kind::string)
          from.read_string(model.id);
        else if (name == "owned_by" && from.peek() == kind::string)
          from.read_string(model.owned_by);
        else if (name == "created" && from.peek() == kind::number
                 && from.read_count(created))
          model.created = static_cast<std::int64_t>(created);
        else
          from.skip();
      }
      if (!model.id.empty())
        models.push_back(std::move(model));
    }
  }
  if (!has_data || !from.at_end())
    return protocol_error("a list of models");
  return models;
}

} // namespace parley::wire
