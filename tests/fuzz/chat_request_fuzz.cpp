// Everything that a client's JSON body goes through.
#include <cstdint>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "chat/utf8.hpp"
#include "tests/fuzz/require.hpp"
#include "wire/chat_request.hpp"
#include "wire/conversation_json.hpp"
#include "wire/json.hpp"
#include "wire/openai_client.hpp"
#include "wire/openai_server.hpp"

namespace parley::fuzz {
namespace {

using nlohmann::json;
using namespace parley::wire;

void check_json(std::string_view body) {
  const auto tree = parse_json(body);
  if (!tree) {
    require(tree.error().code == errc::malformed_json, "one code for bad JSON");
    require(utf8::is_valid(tree.error().detail), "details are valid UTF-8");
    return;
  }
  require(json::accept(body), "what we take, the library takes");
  const auto again = parse_json(tree->dump());
  require(again.has_value() && *again == *tree, "values survive printing");
  require(digest(*again) == digest(*tree), "equal values, equal digests");
  if (!tree->is_object())
    return;
  std::string joined = "{";
  for (const auto& [name, raw] : raw_members(body)) {
    if (joined.size() > 1)
      joined += ',';
    append_json_string(joined, name);
    joined += ':';
    joined += raw;
  }
  joined += '}';
  const auto rebuilt = parse_json(joined);
  require(rebuilt.has_value() && *rebuilt == *tree,
          "raw members make the object again");
}

void check_request(std::string_view body) {
  const chat_request_limits limits{100, 4000};
  const auto request = parse_chat_request(body, limits, {});
  if (!request) {
    const auto& why = request.error();
    require(!why.detail.empty() && why.detail.size() < 1000,
            "a refusal says why, briefly");
    require(utf8::is_valid(why.detail) && utf8::is_valid(why.field),
            "details are valid UTF-8");
    return;
  }
  require(!request->message.empty() && utf8::is_valid(request->message),
          "messages are text");
  require(utf8::length(request->message) <= limits.max_message_chars,
          "messages have a limit");
  require(request->max_response_chars >= 1
            && request->max_response_chars <= limits.max_response_chars,
          "answers have a cap");
  require(request->on_disconnect.grace.count() >= 0, "waits are not negative");
}

void check_openai(std::string_view body) {
  const auto request = parse_openai_chat_request(body);
  if (!request)
    return;
  completion_request passed_on;
  passed_on.model = "m";
  passed_on.messages = request->messages;
  passed_on.extra_json = request->extra_json;
  const auto sent = parse_json(encode_completion_request(passed_on));
  require(sent.has_value() && sent->at("stream") == true,
          "what is passed on is valid");
  require(sent->at("messages") == parse_json(body)->at("messages"),
          "messages are passed on unchanged");
}

} // namespace
} // namespace parley::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  using namespace parley;
  const std::string_view body{reinterpret_cast<const char*>(data), size};
  fuzz::check_json(body);
  fuzz::check_request(body);
  fuzz::check_openai(body);
  (void)wire::parse_new_conversation(body);
  (void)wire::parse_conversation_patch(body);
  return 0;
}
