// How a stream ends: what its record and its message become. Pure; the session
// uses it for streams that end here, recovery for those that a dead process
// left open.
#pragma once

#include "actors/messages.hpp"
#include "chat/stream_log.hpp"
#include "chat/stream_record.hpp"
#include "storage/store.hpp"

namespace parley::actors {

[[nodiscard]] stream_status status_of(const terminal_event& end);

// About four characters a token, for upstreams that tell nothing.
[[nodiscard]] std::uint64_t estimate_tokens(std::uint64_t code_points) noexcept;

// The atomic finish of a stream whose log is `log`, before the terminal event
// was appended: it gets the number behind the last one, or the higher one that
// it carries already. `used` is the usage to record.
[[nodiscard]] finish make_finish(stream_record record, const stream_log& log,
                                 terminal_event end, usage used, timestamp now);

// Closes a stream that nobody generates any more, with all text that reached
// the store; an `error` frame whose seq is above any that was ever sent.
[[nodiscard]] finish close_abandoned(const storage::stored_stream& left,
                                     errc code, timestamp now);

} // namespace parley::actors
