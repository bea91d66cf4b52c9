#include "wire/chunk_template.hpp"

#include <cstring>

#include "chat/utf8.hpp"
#include "wire/json_reader.hpp"

namespace parley::wire {

namespace {

constexpr std::string_view probe = "parley?";

bool is_only_content(const completion_chunk& x) {
  return !x.content.empty() && x.reasoning.empty() && x.tool_calls.empty()
         && x.finish == finish_reason::none && !x.usage;
}

bool holds(std::string_view text, char c) {
  return std::memchr(text.data(), c, text.size()) != nullptr;
}

std::size_t skip_blanks(std::string_view text, std::size_t at) {
  const auto found = text.find_first_not_of(" \t\r\n", at);
  return found == std::string_view::npos ? text.size() : found;
}

// The offset of the opening quote of the last value that is called content and
// is a string, or npos.
std::size_t find_content(std::string_view data) {
  constexpr std::string_view name = R"("content")";
  const auto found = data.rfind(name);
  if (found == std::string_view::npos)
    return found;
  auto at = skip_blanks(data, found + name.size());
  if (at == data.size() || data[at] != ':')
    return std::string_view::npos;
  at = skip_blanks(data, at + 1);
  return at < data.size() && data[at] == '"' ? at : std::string_view::npos;
}

} // namespace

bool chunk_template::read(std::string_view data, std::string& out) {
  if (head_.empty() || data.size() < head_.size() + tail_.size()
      || !data.ends_with(tail_) || !data.starts_with(head_))
    return false;
  const auto size = data.size() - head_.size() - tail_.size();
  const auto text = data.substr(head_.size(), size);
  if (!holds(text, '"') && !holds(text, '\\') && utf8::is_valid(text)) {
    out += text;
  } else {
    json_reader from{data.substr(head_.size() - 1, size + 2)};
    std::string read;
    // A quote in the middle would end the string there.
    if (!from.read_string(read) || !from.at_end())
      return false;
    out += read;
  }
  misses_ = 0;
  return true;
}

void chunk_template::learn(std::string_view data,
                           const completion_chunk& parsed) {
  if (misses_ >= max_misses || !is_only_content(parsed)
      || parsed.content == probe)
    return;
  const auto quote = find_content(data);
  if (quote == std::string_view::npos)
    return;
  json_reader from{data.substr(quote)};
  std::string_view raw;
  if (!from.read_raw(raw) || data.size() - raw.size() > max_bytes)
    return;
  std::string content;
  if (!json_reader{raw}.read_string(content) || content != parsed.content)
    return;
  ++misses_;
  const auto head = data.substr(0, quote + 1);
  const auto tail = data.substr(quote + raw.size() - 1);
  std::string probed{head};
  probed += probe;
  probed += tail;
  const auto again = parse_completion_chunk(probed);
  if (!again || !is_only_content(*again) || again->content != probe)
    return;
  head_ = head;
  tail_ = tail;
}

} // namespace parley::wire
