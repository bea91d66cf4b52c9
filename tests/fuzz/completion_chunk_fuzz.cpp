// What an upstream may send: chunks, bodies, lists of models, errors.
#include <cstdint>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "chat/utf8.hpp"
#include "tests/fuzz/require.hpp"
#include "wire/json.hpp"
#include "wire/openai_client.hpp"

namespace parley::fuzz {
namespace {

using nlohmann::json;
using namespace parley::wire;

// The content of a chunk's only choice, read with a tree; null where the chunk
// is not of the plain kind that a second reader can judge.
json plain_content(const json& tree) {
  const auto choices = tree.find("choices");
  if (choices == tree.end() || !choices->is_array() || choices->size() != 1)
    return nullptr;
  const auto& choice = choices->front();
  if (!choice.is_object() || choice.contains("index")
      || choice.contains("message") || !choice.contains("delta"))
    return nullptr;
  const auto& delta = choice["delta"];
  if (!delta.is_object() || !delta.contains("content")
      || !delta["content"].is_string())
    return nullptr;
  return delta["content"];
}

void check_chunk(std::string_view data) {
  const auto chunk = parse_completion_chunk(data);
  if (!chunk) {
    const auto& why = chunk.error();
    require(why.code == errc::upstream_failed
              || why.code == errc::upstream_protocol,
            "two ways to fail");
    require(utf8::is_valid(why.detail) && why.detail.size() < 2000,
            "details are short text");
  } else {
    require(utf8::is_valid(chunk->content) && utf8::is_valid(chunk->reasoning),
            "text is valid UTF-8");
    for (const auto& call : chunk->tool_calls)
      require(utf8::is_valid(call.id) && utf8::is_valid(call.name)
                && utf8::is_valid(call.arguments),
              "tool calls are valid UTF-8");
  }
  // The same through another reader.
  const auto tree = parse_json(data);
  if (!tree || !tree->is_object() || tree->contains("error")
      || tree->contains("object"))
    return;
  const auto expected = plain_content(*tree);
  if (expected.is_null())
    return;
  require(chunk.has_value(), "valid chunks are taken");
  require(chunk->content == expected.get_ref<const std::string&>(),
          "two readers see the same text");
}

void check_rest(std::string_view data) {
  (void)parse_completion_body(data);
  if (const auto models = parse_model_list(data))
    for (const auto& model : *models)
      require(!model.id.empty() && utf8::is_valid(model.id), "models have ids");
  const auto words = upstream_error_text(data);
  require(utf8::is_valid(words) && utf8::length(words) <= 300,
          "errors are short text");
  for (const char c : words)
    require(static_cast<unsigned char>(c) >= 0x20, "errors are one line");
}

} // namespace
} // namespace parley::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  const std::string_view text{reinterpret_cast<const char*>(data), size};
  parley::fuzz::check_chunk(text);
  parley::fuzz::check_rest(text);
  return 0;
}
