// The append-only log of one stream: what every reader reads, live or replayed.
//
// `seq` counts code points. The start frame is 1; a text of n code points takes
// the next n numbers, a tool-call fragment or a reset takes one, the terminal
// frame one. A cursor therefore names an exact place between two characters
// without any table of frames: neighbouring deltas are joined in the log and
// cut anew for each reader, and the log of a finished stream can be built
// again from the stored message and the `layout` of its stream record.
//
// A stream_log has one owner (the session actor); it is not synchronised.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "chat/event.hpp"
#include "chat/message.hpp"
#include "chat/result.hpp"

namespace parley {

// -- pieces, as the store keeps them -----------------------------------------

// One append: what entered the log between two flushes. Segments of a stream
// are contiguous: each `first_seq` is one above the last seq of the one before.
struct log_entry {
  enum class kind_t : std::uint8_t {
    content,
    reasoning,
    tool_call,
    reset,
    last = reset,
  };
  kind_t kind = kind_t::content;
  std::string text; // content and reasoning; for reset the reason
  tool_call delta;  // tool_call

  friend bool operator==(const log_entry&, const log_entry&) = default;
};

template <class Inspector>
bool inspect(Inspector& f, log_entry::kind_t& x) {
  return detail::inspect_enum(f, x, log_entry::kind_t::last);
}
template <class Inspector>
bool inspect(Inspector& f, log_entry& x) {
  return f.object(x).fields(f.field("kind", x.kind), f.field("text", x.text),
                            f.field("delta", x.delta));
}

struct log_segment {
  stream_id stream;
  seq_t first_seq = 0; // of the first code point or fragment in it
  std::vector<log_entry> entries;

  [[nodiscard]] seq_t last_seq() const noexcept;
};

template <class Inspector>
bool inspect(Inspector& f, log_segment& x) {
  return f.object(x).fields(f.field("stream", x.stream),
                            f.field("first_seq", x.first_seq),
                            f.field("entries", x.entries));
}

// How the log of a finished stream is put together from its message: `length`
// numbers of `kind`, taken from content or reasoning where it is text. Text
// before the last reset is gone and remains as `discarded` numbers.
struct layout_run {
  enum class kind_t : std::uint8_t {
    content,
    reasoning,
    tool_call, // one number; the fragment is in `delta`
    reset,     // one number; the reason is in `delta.name`
    discarded,
    last = discarded,
  };
  kind_t kind = kind_t::content;
  std::uint64_t length = 0;
  tool_call delta;

  friend bool operator==(const layout_run&, const layout_run&) = default;
};

template <class Inspector>
bool inspect(Inspector& f, layout_run::kind_t& x) {
  return detail::inspect_enum(f, x, layout_run::kind_t::last);
}
template <class Inspector>
bool inspect(Inspector& f, layout_run& x) {
  return f.object(x).fields(f.field("kind", x.kind),
                            f.field("length", x.length),
                            f.field("delta", x.delta));
}

using terminal_event = std::variant<error_event, done_event>;

// -- the log -----------------------------------------------------------------

class stream_log {
public:
  // A reader's place. Stays valid while the log grows. Obtain one from `at`.
  struct cursor {
    std::size_t run = 0;    // index of the run that is read next
    std::size_t offset = 0; // bytes of that run that were read
    seq_t seq = 0;          // last number that was read
  };

  explicit stream_log(start_event start);

  // The log of a finished stream, from what the store kept. Fails with
  // errc::internal when layout and message do not fit together.
  [[nodiscard]] static result<stream_log>
  from_layout(start_event start, const std::vector<layout_run>& layout,
              const message& answer, terminal_event end);

  // The log of a stream whose process died, from its segments in order. It is
  // not finished. Entries behind a gap are not taken.
  [[nodiscard]] static stream_log
  from_segments(start_event start, const std::vector<log_segment>& segments);

  // -- writing; preconditions: not finished, text is valid UTF-8 -------------

  // Appends text; the empty text changes nothing.
  void append_text(text_kind kind, std::string_view text);
  void append_tool_call(tool_call delta);
  // Discards all text and tool calls so far.
  void append_reset(std::string reason);
  // Appends one entry of a segment by the functions above.
  void append(const log_entry& entry);

  // Ends the log. Fills in the terminal event's seq, last_seq() + 1, unless it
  // carries a higher one already, and returns it.
  seq_t finish(terminal_event end);

  // -- reading ---------------------------------------------------------------

  [[nodiscard]] const start_event& start() const noexcept;
  [[nodiscard]] seq_t last_seq() const noexcept;
  [[nodiscard]] bool finished() const noexcept;
  // Null while not finished.
  [[nodiscard]] const terminal_event* terminal() const noexcept;
  // Memory of all that was ever appended, what a reset has discarded included;
  // never less than last_seq() - 1, so a limit on it also bounds `seq`.
  [[nodiscard]] std::size_t size_bytes() const noexcept;
  // Of the content after the last reset.
  [[nodiscard]] std::uint64_t content_code_points() const noexcept;

  // The place after number `after`; 0 is the beginning. Ahead of last_seq():
  // errc::invalid_cursor while the log is not finished; in a finished log it is
  // the place before the terminal event if below that event's seq, else its end
  // (see `at_end`).
  [[nodiscard]] result<cursor> at(seq_t after) const;

  // True when a reader at this place has seen the terminal event.
  [[nodiscard]] bool at_end(const cursor& place) const noexcept;

  // Appends to `out` what stands behind `place`, at most about `max_bytes` of
  // text, and moves `place`. Neighbouring text of a kind is joined into events
  // of at most limits::max_frame_bytes, cut between code points. A place before
  // the last reset that has seen no text begins at that reset's end; one that
  // has seen text gets the reset first. Returns true when more is left.
  bool read(cursor& place, std::size_t max_bytes,
            std::vector<event>& out) const;

  // Content and reasoning after the last reset; whole tool calls, fragments of
  // an index joined.
  [[nodiscard]] std::string content() const;
  [[nodiscard]] std::string reasoning() const;
  [[nodiscard]] std::vector<tool_call> tool_calls() const;
  [[nodiscard]] std::vector<layout_run> layout() const;

private:
  struct run {
    layout_run::kind_t kind;
    seq_t before;     // number before the run's first
    seq_t last;       // its last number
    std::string text; // content, reasoning
    tool_call delta;  // tool_call; reset: the reason in `name`
  };

  run& push(layout_run::kind_t kind, seq_t numbers);
  void append_discarded(std::uint64_t numbers);
  std::size_t read_run(cursor& place, std::size_t max_bytes,
                       std::vector<event>& out) const;
  [[nodiscard]] std::string joined(layout_run::kind_t kind) const;

  start_event start_;
  std::vector<run> runs_;
  std::optional<std::size_t> reset_; // index of the last reset's run
  seq_t last_ = start_event::seq;
  std::size_t bytes_ = 0;
  std::uint64_t content_points_ = 0;
  std::optional<terminal_event> terminal_;
};

} // namespace parley
