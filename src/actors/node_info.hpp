// Who a node is, and the first words that two nodes exchange.
//
// The greeting is a text and not a message type of ours, so that nodes whose
// message schemas differ can still tell each other why they do not work
// together. Grammar, a line each, in this order:
//
//   greeting := "parley-node 1" schema version name tag incarnation address
//   schema := "schema=" number             message_schema_version
//   version := "version=" text
//   name := "name=" text                   1 to 255 printable ASCII characters
//   tag := "tag=" number                   of the ids that it makes
//   incarnation := "incarnation=" number   another with every start
//   address := "address=" host " " port    where others reach it
//
//   reply := "ok" LF greeting | refusal LF sentence
//   refusal := "refused-duplicate" | "refused-schema" | "refused-malformed"
//              | "self"
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "chat/id.hpp"
#include "chat/result.hpp"
#include "config/settings.hpp"

namespace parley::actors {

struct node_info {
  node_tag tag;
  std::string name;
  std::uint64_t incarnation = 0;
  std::string version;
  std::uint32_t schema = 0;
  std::string host; // where other nodes reach it
  std::uint16_t port = 0;

  [[nodiscard]] config::endpoint address() const {
    return {host, port};
  }
  friend bool operator==(const node_info&, const node_info&) = default;
};

template <class Inspector>
bool inspect(Inspector& f, node_info& x) {
  return f.object(x).fields(f.field("tag", x.tag), f.field("name", x.name),
                            f.field("incarnation", x.incarnation),
                            f.field("version", x.version),
                            f.field("schema", x.schema),
                            f.field("host", x.host), f.field("port", x.port));
}

enum class greeting_reply : std::uint8_t {
  ok,
  duplicate, // another node of that name or data folder is up
  schema,    // its messages are not ours
  malformed,
  self, // it greets itself
};

struct parsed_reply {
  greeting_reply kind = greeting_reply::malformed;
  node_info info;       // of the one that answers; with `ok`
  std::string sentence; // otherwise: why not
};

[[nodiscard]] std::string encode_greeting(const node_info& who);
// errc::invalid_request. Never trusts the text: it may come from anyone.
[[nodiscard]] result<node_info> parse_greeting(std::string_view text);

[[nodiscard]] std::string encode_reply(const node_info& who);
[[nodiscard]] std::string encode_refusal(greeting_reply why,
                                         std::string_view sentence);
[[nodiscard]] parsed_reply parse_reply(std::string_view text);

// Members that this node has met, for the next start: without it a node that
// starts while another is down would not know whose ids those are. A line each:
// tag, host, port and name, separated by spaces.
[[nodiscard]] std::string encode_members(const std::vector<node_info>& members);
[[nodiscard]] std::vector<node_info> parse_members(std::string_view text);

} // namespace parley::actors
