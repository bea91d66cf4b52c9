// Limits that no option changes, each with its reason, and how they relate.
// Limits that operators set stand in config/options.cpp.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace parley::limits {

// -- requests ----------------------------------------------------------------

// Request line and all headers. Browsers with many cookies stay below 16 KiB.
inline constexpr std::size_t max_header_bytes = 32 * 1024;
// API §1: what an Idempotency-Key may hold.
inline constexpr std::size_t max_idempotency_key_bytes = 255;
// API §1: `metadata`.
inline constexpr std::size_t max_metadata_pairs = 16;
inline constexpr std::size_t max_metadata_key_chars = 64;
inline constexpr std::size_t max_metadata_value_chars = 512;
// Nesting of JSON that is taken from anyone; a parser must never recurse
// deeper than its stack.
inline constexpr std::size_t max_json_depth = 64;
// API §3.
inline constexpr std::size_t max_page_size = 100;
inline constexpr std::size_t default_page_size = 20;
inline constexpr std::size_t max_title_chars = 200;
inline constexpr std::size_t max_derived_title_chars = 60;
inline constexpr std::size_t max_stop_sequences = 4;
inline constexpr std::size_t max_stop_chars = 256;
inline constexpr std::size_t max_model_name_chars = 256;

// -- streams -----------------------------------------------------------------

// API §6: the largest value of limits.max-response-chars.
inline constexpr std::uint64_t max_response_chars = 10'000'000;
// Text, reasoning and tool calls of one stream together. Ten million code
// points take up to 40 MB as UTF-8; thinking text may come on top.
inline constexpr std::size_t max_log_bytes = 64 * 1024 * 1024;
static_assert(max_log_bytes > 4 * max_response_chars);

// A stream's `seq` counts code points (chat/stream_log.hpp), so it never
// passes start + one per byte + terminal frame.
inline constexpr std::uint64_t max_seq = 2 * max_log_bytes;
// An error that ends one reader's stream and not the stream itself (its node is
// lost, this server goes) stands in no log. Its `seq` is this and the last one
// that the reader got, so that numbers rise, and a reader that comes back with
// it misses nothing: the cursor is what is left without it.
inline constexpr std::uint64_t detached_seq = 1ull << 29;
static_assert(detached_seq > max_seq);

// The `seq` of the terminal frame of a stream whose node died: above all that
// readers can have been sent, by the dead process, whether or not it reached
// the disk, and about its loss.
inline constexpr std::uint64_t interrupted_seq = 1ull << 30;
static_assert(interrupted_seq > detached_seq + max_seq);

// `events` messages that a session may send ahead of a reader's writes: one on
// the socket, one behind it.
inline constexpr std::uint32_t reader_credit = 2;
// Text that one `events` message carries at most. A reader that catches up
// gets this much at a time.
inline constexpr std::size_t max_batch_bytes = 256 * 1024;
// Text in one frame. A frame's JSON is at most six times as long.
inline constexpr std::size_t max_frame_bytes = 64 * 1024;
static_assert(max_frame_bytes <= max_batch_bytes);

// The journal hands its segments to the store when it holds this much, even
// before streams.flush-interval is over. High enough for some text of each of
// many quick streams: the store pays for each segment, however short.
inline constexpr std::size_t journal_flush_bytes = 64 * 1024;

// -- actors ------------------------------------------------------------------

// A request between actors of one node that is not answered by then has met a
// bug or a dead disk; the client gets 503.
inline constexpr std::chrono::seconds actor_request_timeout{30};

} // namespace parley::limits
