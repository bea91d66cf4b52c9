#include "actors/node_info.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>
#include <vector>

namespace parley::actors {

namespace {

constexpr std::string_view first_line = "parley-node 1";
constexpr std::size_t max_text = 255; // of a name, a version, a host

// Takes what stands before the next `end` from the front of `rest`.
std::string_view cut(std::string_view& rest, char end) {
  auto at = rest.find(end);
  auto taken = rest.substr(0, at);
  rest.remove_prefix(at == std::string_view::npos ? rest.size() : at + 1);
  return taken;
}

std::optional<std::string_view> value_of(std::string_view& rest,
                                         std::string_view key) {
  auto line = cut(rest, '\n');
  if (!line.starts_with(key))
    return std::nullopt;
  return line.substr(key.size());
}

template <class Number>
bool read_number(std::optional<std::string_view> text, Number& to) {
  if (!text)
    return false;
  const auto* end = text->data() + text->size();
  auto [rest, code] = std::from_chars(text->data(), end, to);
  return code == std::errc{} && rest == end && !text->empty();
}

bool read_text(std::optional<std::string_view> text, std::string& to) {
  auto printable = [](char c) {
    return c >= 0x20 && c < 0x7f;
  };
  if (!text || text->empty() || text->size() > max_text
      || !std::all_of(text->begin(), text->end(), printable))
    return false;
  to = *text;
  return true;
}

bool read_address(std::optional<std::string_view> text, node_info& to) {
  if (!text)
    return false;
  auto host = cut(*text, ' ');
  return read_text(host, to.host) && read_number(text, to.port) && to.port > 0;
}

std::string_view word_of(greeting_reply why) {
  switch (why) {
  case greeting_reply::ok:
    return "ok";
  case greeting_reply::duplicate:
    return "refused-duplicate";
  case greeting_reply::schema:
    return "refused-schema";
  case greeting_reply::self:
    return "self";
  case greeting_reply::malformed:
    break;
  }
  return "refused-malformed";
}

} // namespace

std::string encode_greeting(const node_info& who) {
  std::string out{first_line};
  out += "\nschema=" + std::to_string(who.schema);
  out += "\nversion=" + who.version;
  out += "\nname=" + who.name;
  out += "\ntag=" + std::to_string(who.tag.value);
  out += "\nincarnation=" + std::to_string(who.incarnation);
  out += "\naddress=" + who.host + ' ' + std::to_string(who.port);
  out += '\n';
  return out;
}

result<node_info> parse_greeting(std::string_view text) {
  node_info made;
  // Without its last line break it may have been cut.
  if (text.ends_with('\n') && cut(text, '\n') == first_line
      && read_number(value_of(text, "schema="), made.schema)
      && read_text(value_of(text, "version="), made.version)
      && read_text(value_of(text, "name="), made.name)
      && read_number(value_of(text, "tag="), made.tag.value)
      && read_number(value_of(text, "incarnation="), made.incarnation)
      && read_address(value_of(text, "address="), made)
      && made.tag.value <= node_tag::max && text.empty())
    return made;
  return fail(errc::invalid_request, "this is not a Parley node's greeting");
}

std::string encode_reply(const node_info& who) {
  return std::string{word_of(greeting_reply::ok)} + '\n' + encode_greeting(who);
}

std::string encode_refusal(greeting_reply why, std::string_view sentence) {
  return std::string{word_of(why)} + '\n' + std::string{sentence};
}

parsed_reply parse_reply(std::string_view text) {
  parsed_reply made;
  auto word = cut(text, '\n');
  if (word == word_of(greeting_reply::ok)) {
    if (auto info = parse_greeting(text)) {
      made.kind = greeting_reply::ok;
      made.info = std::move(*info);
    } else {
      made.sentence = std::move(info.error().detail);
    }
    return made;
  }
  for (auto kind : {greeting_reply::duplicate, greeting_reply::schema,
                    greeting_reply::self})
    if (word == word_of(kind))
      made.kind = kind;
  // It goes to a log.
  if (!read_text(text, made.sentence))
    made.sentence = "no reason that can be shown";
  return made;
}

std::string encode_members(const std::vector<node_info>& members) {
  std::string out;
  for (const auto& one : members)
    out += std::to_string(one.tag.value) + ' ' + one.host + ' '
           + std::to_string(one.port) + ' ' + one.name + '\n';
  return out;
}

std::vector<node_info> parse_members(std::string_view text) {
  std::vector<node_info> made;
  while (!text.empty()) {
    auto line = cut(text, '\n');
    node_info one;
    if (read_number(cut(line, ' '), one.tag.value)
        && read_text(cut(line, ' '), one.host)
        && read_number(cut(line, ' '), one.port) && read_text(line, one.name))
      made.push_back(std::move(one));
  }
  return made;
}

} // namespace parley::actors
