// Rules that every store follows, as pure functions and figures.
#pragma once

#include <chrono>
#include <cstddef>
#include <vector>

#include "chat/conversation.hpp"
#include "chat/message.hpp"
#include "chat/result.hpp"
#include "chat/stream_log.hpp"
#include "chat/stream_record.hpp"

namespace parley::storage {

// A page ends early, with a cursor, once its texts together have this size: a
// hundred of the longest messages would be gigabytes.
inline constexpr std::size_t max_page_bytes = 16 * 1024 * 1024;

// How long after an expired stream's horizon its tombstone is kept. Afterwards
// the stream is errc::stream_not_found. Thirty days of tombstones at a million
// streams a day are some 3 GB; without an end they would outgrow the messages.
inline constexpr std::chrono::milliseconds tombstone_life =
  std::chrono::hours{24 * 30};

// Tombstones of streams that finished before this are dropped. Never while a
// claim may still lead to the stream: a claim is older than its stream's end,
// so it is swept first.
[[nodiscard]] timestamp tombstone_horizon(timestamp streams_before,
                                          timestamp claims_before) noexcept;

// True when `answer` is what the open stream of `record` is writing.
[[nodiscard]] bool is_written_by(const message& answer,
                                 const stream_record& record) noexcept;

// Puts the text of the segments, in order, in place of the message's own.
void overlay(message& answer, const stream_record& record,
             const std::vector<log_segment>& segments);

// What an item counts towards max_page_bytes.
[[nodiscard]] std::size_t page_bytes(const message& x) noexcept;
[[nodiscard]] std::size_t page_bytes(const conversation& x) noexcept;

// -- what is not there -----------------------------------------------------

[[nodiscard]] tl::unexpected<error> not_found(const conversation_id& id);
[[nodiscard]] tl::unexpected<error> not_found(const message_id& id);
[[nodiscard]] tl::unexpected<error> not_found(const stream_id& id);
// `message` is where the text of the stream is.
[[nodiscard]] tl::unexpected<error> expired(const stream_id& id,
                                            const message_id& message);

} // namespace parley::storage
