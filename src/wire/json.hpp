// JSON at the door: a strict reader for what clients send, and the pieces that
// writers share. Pure functions; safe from any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "chat/result.hpp"

namespace parley::wire {

// Reads exactly one JSON value (RFC 8259). Stricter than the library: invalid
// UTF-8, lone surrogates, two members of one name, raw NUL bytes, numbers that
// do not fit a double, and nesting deeper than limits::max_json_depth are
// errors. Fails with errc::malformed_json; the detail tells the byte position.
// Takes time linear in `body` and does not recurse.
[[nodiscard]] result<nlohmann::json> parse_json(std::string_view body);

// A fingerprint of a JSON value: the order of members does not matter, and
// numbers that are equal have equal digests however they were written (1, 1.0,
// 10e-1). Stored with idempotency claims, so it must never change.
// Precondition: not nested deeper than limits::max_json_depth.
[[nodiscard]] std::uint64_t digest(const nlohmann::json& value);

// Appends `text` as a JSON string with its quotes. What is not valid UTF-8 is
// passed on as it is; the callers hold valid text. Hot: no allocation but
// `out`'s own.
void append_json_string(std::string& out, std::string_view text);

void append_json_number(std::string& out, std::uint64_t value);
void append_json_number(std::string& out, std::int64_t value);
// Shortest text that reads back as the same double; not finite: null.
void append_json_number(std::string& out, double value);

// The members of a JSON object, each with its value as it stands in the text,
// so that it can be passed on unchanged (order of members, digits of numbers).
// Precondition: `parse_json` took `object`, and it is an object.
[[nodiscard]] std::vector<std::pair<std::string, std::string_view>>
raw_members(std::string_view object);

} // namespace parley::wire
