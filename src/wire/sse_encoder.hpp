// Events as Server-Sent Events (API §1, §2). Hot: no tree, no allocation but
// the output's own.
#pragma once

#include <string>
#include <string_view>

#include "chat/event.hpp"

namespace parley::wire {

enum class sse_dialect {
  native,          // `data: {json}\n\n` and nothing else
  native_with_ids, // `data: {json}\nid: <seq>\n\n`; progress has no id
};

// Comes at least every sse.heartbeat.
inline constexpr std::string_view sse_ping = ": ping\n\n";
// Comes first where there are ids, and only there.
inline constexpr std::string_view sse_retry = "retry: 1000\n\n";
inline constexpr std::string_view sse_content_type =
  "text/event-stream; charset=utf-8";

// Appends one whole frame. Members stand in the order of API §1's table.
void append_frame(std::string& out, const event& what, sse_dialect dialect);

} // namespace parley::wire
