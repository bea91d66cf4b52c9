#include "wire/sse_parser.hpp"

#include <cstring>

namespace parley::wire {

namespace {

constexpr std::string_view bom = "\xEF\xBB\xBF";

// Finds line ends in one piece. Each of the two searches goes over every byte
// once, however many ends of the other kind there are.
class line_ends {
public:
  explicit line_ends(std::string_view bytes) : bytes_{bytes} {
  }

  // Offset of the first CR or LF at or behind `at`, or the size.
  std::size_t next(std::size_t at) {
    if (lf_ < at || !searched_)
      lf_ = find('\n', at);
    if (cr_ < at || !searched_)
      cr_ = find('\r', at);
    searched_ = true;
    return lf_ < cr_ ? lf_ : cr_;
  }

private:
  [[nodiscard]] std::size_t find(char c, std::size_t at) const {
    const auto found = bytes_.find(c, at);
    return found == std::string_view::npos ? bytes_.size() : found;
  }

  std::string_view bytes_;
  std::size_t lf_ = 0;
  std::size_t cr_ = 0;
  bool searched_ = false;
};

} // namespace

sse_parser::sse_parser(std::size_t max_event_bytes)
  : max_event_bytes_{max_event_bytes} {
}

result<void> sse_parser::feed(std::string_view bytes,
                              const event_function& on_event) {
  const auto too_long = [this] {
    failed_ = true;
    return fail(errc::upstream_protocol,
                "an event of the stream is longer than "
                  + std::to_string(max_event_bytes_) + " bytes");
  };
  if (failed_)
    return too_long();
  std::size_t at = 0;
  if (skip_lf_ && !bytes.empty()) {
    skip_lf_ = false;
    at = bytes.front() == '\n' ? 1 : 0;
  }
  line_ends ends{bytes};
  while (at < bytes.size()) {
    const auto end = ends.next(at);
    const auto piece = bytes.substr(at, end - at);
    if (line_.size() + piece.size() > max_event_bytes_)
      return too_long();
    if (end == bytes.size()) {
      line_ += piece;
      break;
    }
    at = end + 1;
    if (bytes[end] == '\r') {
      if (at == bytes.size())
        skip_lf_ = true;
      else if (bytes[at] == '\n')
        ++at;
    }
    bool fits;
    if (line_.empty()) {
      fits = take_line(piece, on_event);
    } else {
      line_ += piece;
      // A view into `line_` must not outlive it.
      fits = take_line(line_, on_event);
      keep_pending();
      line_.clear();
    }
    if (!fits)
      return too_long();
  }
  keep_pending();
  return {};
}

void sse_parser::finish(const event_function& on_event) {
  if (!failed_)
    dispatch(on_event);
  line_.clear();
}

bool sse_parser::take_line(std::string_view line,
                           const event_function& on_event) {
  if (first_line_) {
    first_line_ = false;
    if (line.starts_with(bom))
      line.remove_prefix(bom.size());
  }
  if (line.empty()) {
    dispatch(on_event);
    return true;
  }
  const auto colon = line.find(':');
  const auto name = line.substr(0, colon);
  auto value = colon == std::string_view::npos ? std::string_view{}
                                               : line.substr(colon + 1);
  if (value.starts_with(' '))
    value.remove_prefix(1);
  if (name == "data")
    return take_data(value);
  if (name == "event")
    event_ = value;
  else if (name == "id" && value.find('\0') == std::string_view::npos)
    id_ = value;
  return true;
}

bool sse_parser::take_data(std::string_view value) {
  if (!has_data_) {
    has_data_ = true;
    view_ = value;
    return true;
  }
  if (!copied_) {
    data_ = view_;
    copied_ = true;
  }
  data_ += '\n';
  data_ += value;
  return data_.size() <= max_event_bytes_;
}

void sse_parser::dispatch(const event_function& on_event) {
  if (has_data_)
    on_event({copied_ ? std::string_view{data_} : view_, event_, id_});
  has_data_ = false;
  copied_ = false;
  event_.clear();
}

// Takes a copy of data whose bytes are the caller's again after this call.
void sse_parser::keep_pending() {
  if (!has_data_ || copied_)
    return;
  data_ = view_;
  copied_ = true;
}

} // namespace parley::wire
