#include "storage/rules.hpp"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <utility>

namespace parley::storage {

timestamp tombstone_horizon(timestamp streams_before,
                            timestamp claims_before) noexcept {
  constexpr auto life = static_cast<std::int64_t>(tombstone_life.count());
  // Horizons come from callers and may be the least number there is.
  constexpr auto least = std::numeric_limits<std::int64_t>::min();
  auto before =
    streams_before.ms < least + life ? least : streams_before.ms - life;
  return {std::min(before, claims_before.ms)};
}

bool is_written_by(const message& answer,
                   const stream_record& record) noexcept {
  return !is_terminal(record.status) && record.message == answer.id;
}

void overlay(message& answer, const stream_record& record,
             const std::vector<log_segment>& segments) {
  auto log = stream_log::from_segments(start_of(record), segments);
  answer.content = log.content();
  answer.reasoning = log.reasoning();
}

std::size_t page_bytes(const message& x) noexcept {
  auto bytes = x.content.size() + x.reasoning.size();
  for (const auto& call : x.tool_calls)
    bytes += call.arguments.size();
  return bytes;
}

std::size_t page_bytes(const conversation& x) noexcept {
  return x.title.size() + x.system_prompt.size();
}

tl::unexpected<error> not_found(const conversation_id& id) {
  return fail(errc::conversation_not_found,
              "There is no conversation " + id.str() + ".");
}

tl::unexpected<error> not_found(const message_id& id) {
  return fail(errc::message_not_found, "There is no message " + id.str() + ".");
}

tl::unexpected<error> not_found(const stream_id& id) {
  return fail(errc::stream_not_found, "There is no stream " + id.str() + ".");
}

tl::unexpected<error> expired(const stream_id& id, const message_id& message) {
  error what;
  what.code = errc::stream_expired;
  what.detail = "Stream " + id.str()
                + " is no longer kept; its text is message " + message.str()
                + ".";
  what.reference = message.str();
  return fail(std::move(what));
}

} // namespace parley::storage
