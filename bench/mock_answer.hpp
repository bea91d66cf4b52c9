// What the mock upstream answers, as bytes: OpenAI's streaming format inside
// HTTP chunks, one chunk an event, as the usual servers write it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace parley::bench {

/// What a model's name asks for:
/// `bench-<tokens>-<interval_us>-<first_delay_ms>` or `bench-hang`.
struct answer_plan {
  std::uint32_t tokens = 0;
  /// 0: as fast as the socket takes them.
  std::int64_t interval_us = 0;
  std::int64_t first_delay_us = 0;
  /// Never answers.
  bool hang = false;
};

std::optional<answer_plan> parse_model(std::string_view name);

/// The response's head, the event with the role and the first token.
void append_first_event(std::string& out, std::int64_t accepted_us,
                        std::int64_t sent_us);

/// Any later token.
void append_event(std::string& out, std::uint32_t index, std::int64_t sent_us);

/// The finish reason, the usage where it was asked for, `[DONE]` and the end
/// of the body.
void append_tail(std::string& out, std::uint32_t tokens, bool with_usage);

/// A whole response with a JSON body; `status` as in "404 Not Found".
std::string json_answer(std::string_view status, std::string_view body);

} // namespace parley::bench
