#include <algorithm>
#include <string>

#include "wire/conversation_export.hpp"

namespace parley::wire {

namespace {

// One line of plain text inside a heading or a list.
std::string plain(std::string_view text) {
  constexpr std::string_view special = "\\`*_[]<>#&~|";
  std::string out;
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
      out += ' ';
      continue;
    }
    if (special.find(c) != std::string_view::npos)
      out += '\\';
    out += c;
  }
  return out;
}

// Each line behind "> ". CommonMark ends lines at CR, LF and CRLF; a block
// inside a quote, a fence too, ends with the quote.
void append_quote(std::string& out, std::string_view text) {
  std::size_t at = 0;
  do {
    const auto end = std::min(text.find_first_of("\r\n", at), text.size());
    out += end == at ? ">" : "> ";
    out += text.substr(at, end - at);
    out += '\n';
    at = end + 1;
    if (end < text.size() && text[end] == '\r' && at < text.size()
        && text[at] == '\n')
      ++at;
  } while (at < text.size());
  out += '\n';
}

std::string_view heading_of(role x) {
  switch (x) {
  case role::system:
    return "System";
  case role::user:
    return "User";
  case role::assistant:
    return "Assistant";
  case role::tool:
    return "Tool";
  }
  return "Message";
}

void append_message(std::string& out, const message& x) {
  out += "## ";
  out += heading_of(x.role);
  out += "\n\n*" + to_string(x.created_at);
  if (!x.model.empty())
    out += ", " + plain(x.model);
  if (x.status != message_status::complete)
    out += ", " + std::string{to_string(x.status)};
  out += "*\n\n";
  if (!x.reasoning.empty()) {
    out += "Reasoning:\n\n";
    append_quote(out, x.reasoning);
    out += "Answer:\n\n";
  }
  if (!x.content.empty())
    append_quote(out, x.content);
  for (const auto& call : x.tool_calls) {
    out += "Tool call " + plain(call.name) + ":\n\n";
    append_quote(out, call.arguments);
  }
}

} // namespace

std::string encode_markdown(const exported_conversation& what) {
  const auto& about = what.conversation;
  std::string out = "# ";
  out += about.title.empty() ? "Conversation" : plain(about.title);
  out += "\n\n- Id: `" + about.id.str() + "`";
  out += "\n- Created: " + to_string(about.created_at);
  out += "\n- Updated: " + to_string(about.updated_at);
  if (!about.model.empty())
    out += "\n- Model: " + plain(about.model);
  out += "\n\n";
  if (!about.system_prompt.empty()) {
    out += "## System prompt\n\n";
    append_quote(out, about.system_prompt);
  }
  for (const auto& x : what.messages)
    append_message(out, x);
  return out;
}

} // namespace parley::wire
