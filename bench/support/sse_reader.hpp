// Splits an SSE body, which arrives in any pieces, into the payloads of its
// `data:` lines.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace parley::bench {

class sse_reader {
public:
  /// Calls `on_data(std::string_view)` for every `data:` line of every event
  /// that is whole by now; comments and other fields are passed over. The
  /// views end with the call.
  template <class OnData>
  void feed(std::string_view in, OnData&& on_data) {
    if (!rest_.empty()) {
      rest_.append(in);
      // `rest_` may be refilled below, so the events are cut from a copy that
      // nobody touches.
      std::string whole;
      whole.swap(rest_);
      split(whole, on_data);
    } else {
      split(in, on_data);
    }
  }

  /// True in the middle of an event.
  bool partial() const {
    return !rest_.empty();
  }

private:
  template <class OnData>
  void split(std::string_view in, OnData& on_data) {
    while (!in.empty()) {
      const auto end = in.find("\n\n");
      if (end == std::string_view::npos) {
        rest_.assign(in);
        return;
      }
      lines(in.substr(0, end), on_data);
      in.remove_prefix(end + 2);
    }
  }

  template <class OnData>
  static void lines(std::string_view event, OnData& on_data) {
    while (!event.empty()) {
      const auto end = event.find('\n');
      const auto line = event.substr(0, end);
      if (line.starts_with("data: "))
        on_data(line.substr(6));
      else if (line.starts_with("data:"))
        on_data(line.substr(5));
      event.remove_prefix(end == std::string_view::npos ? event.size()
                                                        : end + 1);
    }
  }

  std::string rest_;
};

} // namespace parley::bench
