// An incremental reader of event streams, as the WHATWG standard defines them.
//
// Bytes come in any pieces; every way of cutting a stream gives the same
// events. LF, CR and CRLF end lines, one BOM at the beginning is skipped,
// comments, `retry` and unknown fields are dropped, lines of `data` are joined
// by LF, an event without data is not an event.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include "chat/result.hpp"

namespace parley::wire {

// The views hold until the callback returns. Bytes are passed on as they came,
// valid UTF-8 or not.
struct sse_event {
  std::string_view data;
  std::string_view event; // empty: none was named, which means "message"
  std::string_view id;    // the last one that the stream told, or empty
};

class sse_parser {
public:
  using event_function = std::function<void(const sse_event&)>;

  // Neither a line nor all data of one event may be longer than
  // `max_event_bytes`.
  explicit sse_parser(std::size_t max_event_bytes);

  // Calls `on_event` for every event that `bytes` complete; one whose line lies
  // whole in `bytes` is not copied. Over the limit: errc::upstream_protocol,
  // then and ever after. `on_event` must not destroy the parser.
  result<void> feed(std::string_view bytes, const event_function& on_event);

  // The stream has ended. The standard drops an event whose blank line is
  // missing; many servers leave it out after the last one, so an event whose
  // lines are all ended is told. A line without its end is dropped.
  void finish(const event_function& on_event);

private:
  bool take_line(std::string_view line, const event_function& on_event);
  bool take_data(std::string_view value);
  void dispatch(const event_function& on_event);
  void keep_pending();

  std::size_t max_event_bytes_;
  std::string line_;      // begun in an earlier piece, not ended yet
  std::string data_;      // lines of data where they had to be copied
  std::string_view view_; // the only line of data so far, in the caller's bytes
  std::string event_;
  std::string id_;
  bool has_data_ = false;
  bool copied_ = false;    // data is in data_, not in view_
  bool first_line_ = true; // a BOM may still come
  bool skip_lf_ = false;   // the last piece ended with CR
  bool failed_ = false;
};

} // namespace parley::wire
