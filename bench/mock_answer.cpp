#include "mock_answer.hpp"

#include "support/token.hpp"

#include <array>
#include <charconv>
#include <cstdio>

namespace parley::bench {

namespace {

constexpr std::string_view chunk_opening =
  R"(data: {"id":"chatcmpl-bench","object":"chat.completion.chunk",)"
  R"("created":1700000000,"model":"bench","choices":[{"index":0,"delta":)";

std::string http_chunk(std::string_view body) {
  std::array<char, 16> size;
  const auto end =
    std::to_chars(size.data(), size.data() + size.size(), body.size(), 16);
  std::string result{size.data(), end.ptr};
  result.append("\r\n").append(body).append("\r\n");
  return result;
}

std::string event(std::string_view delta, std::string_view finish_reason) {
  std::string body{chunk_opening};
  body.append(delta).append(R"(,"finish_reason":)").append(finish_reason);
  return http_chunk(body.append("}]}\n\n"));
}

std::string content_event(std::size_t text_bytes) {
  return event(R"({"content":")" + std::string(text_bytes, '?') + R"("})",
               "null");
}

const std::string answer_head =
  "HTTP/1.1 200 OK\r\n"
  "Content-Type: text/event-stream\r\n"
  "Cache-Control: no-cache\r\n"
  "Transfer-Encoding: chunked\r\n\r\n"
  + event(R"({"role":"assistant","content":""})", "null");
// Every token's event has the same bytes but for the text, so it is printed
// once and the text is written over.
const std::string token_event = content_event(token_bytes);
const std::size_t token_offset = token_event.find('?');
const std::string first_event = content_event(accept_stamp_bytes + token_bytes);
const std::size_t first_offset = first_event.find('?');

} // namespace

std::optional<answer_plan> parse_model(std::string_view name) {
  if (name == "bench-hang")
    return answer_plan{.hang = true};
  answer_plan result;
  long interval_us = 0;
  long first_delay_ms = 0;
  if (std::sscanf(std::string{name}.c_str(), "bench-%u-%ld-%ld", &result.tokens,
                  &interval_us, &first_delay_ms)
        != 3
      || result.tokens == 0 || result.tokens > 9'999'999)
    return std::nullopt;
  result.interval_us = interval_us;
  result.first_delay_us = first_delay_ms * 1'000;
  return result;
}

void append_first_event(std::string& out, std::int64_t accepted_us,
                        std::int64_t sent_us) {
  out += answer_head;
  const auto text = out.size() + first_offset;
  out += first_event;
  const std::span<char> place{out.data() + text,
                              accept_stamp_bytes + token_bytes};
  write_accept_stamp(place.first<accept_stamp_bytes>(), accepted_us);
  write_token(place.last<token_bytes>(), 0, sent_us);
}

void append_event(std::string& out, std::uint32_t index, std::int64_t sent_us) {
  const auto text = out.size() + token_offset;
  out += token_event;
  write_token(std::span<char, token_bytes>{out.data() + text, token_bytes},
              index, sent_us);
}

void append_tail(std::string& out, std::uint32_t tokens, bool with_usage) {
  out += event("{}", "\"stop\"");
  if (with_usage) {
    const auto count = std::to_string(tokens);
    const auto total = std::to_string(tokens + 10);
    out += http_chunk(
      R"(data: {"id":"chatcmpl-bench","object":"chat.completion.chunk",)"
      R"("created":1700000000,"model":"bench","choices":[],"usage":)"
      R"({"prompt_tokens":10,"completion_tokens":)"
      + count + R"(,"total_tokens":)" + total + "}}\n\n");
  }
  out += http_chunk("data: [DONE]\n\n");
  out += "0\r\n\r\n";
}

std::string json_answer(std::string_view status, std::string_view body) {
  std::string result = "HTTP/1.1 ";
  result.append(status).append("\r\nContent-Type: application/json\r\n");
  result.append("Content-Length: ").append(std::to_string(body.size()));
  return result.append("\r\n\r\n").append(body);
}

} // namespace parley::bench
