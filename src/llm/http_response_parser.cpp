#include "llm/http_response_parser.hpp"

#include <algorithm>
#include <charconv>

namespace parley::llm {

namespace {

using view = std::string_view;

// Chunks and bodies beyond this are no answer of a language model, and sums
// stay far from overflow.
constexpr std::uint64_t max_length = std::uint64_t{1} << 48;

char lowered(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool equals_ignoring_case(view a, view b) {
  return a.size() == b.size()
         && std::equal(a.begin(), a.end(), b.begin(),
                       [](char x, char y) { return lowered(x) == lowered(y); });
}

view trimmed(view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == view::npos)
    return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

bool is_token(view text) {
  static constexpr view marks = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z')
           || (c >= 'A' && c <= 'Z') || marks.find(c) != view::npos;
  });
}

// Calls `f` for every element of a comma-separated list.
template <class Function>
void for_each_element(view list, Function f) {
  while (!list.empty()) {
    const auto comma = std::min(list.find(','), list.size());
    if (const auto element = trimmed(list.substr(0, comma)); !element.empty())
      f(element);
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
}

std::optional<std::uint64_t> length_from(view text) {
  std::uint64_t value = 0;
  const auto [end, ec] =
    std::from_chars(text.data(), text.data() + text.size(), value);
  if (ec != std::errc{} || end != text.data() + text.size()
      || value > max_length)
    return std::nullopt;
  return value;
}

// The index behind the empty line that ends a head, or npos.
std::size_t head_end(view bytes, std::size_t from) {
  for (auto at = bytes.find('\n', from); at != view::npos;
       at = bytes.find('\n', at + 1)) {
    if (bytes.substr(at + 1).starts_with('\n'))
      return at + 2;
    if (bytes.substr(at + 1).starts_with("\r\n"))
      return at + 3;
  }
  return view::npos;
}

// Takes the next line off `text`, without its end.
view take_line(view& text) {
  const auto end = std::min(text.find('\n'), text.size());
  auto line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  if (line.ends_with('\r'))
    line.remove_suffix(1);
  return line;
}

int digit_from(char c) {
  if (c >= '0' && c <= '9')
    return c - '0';
  c = lowered(c);
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

} // namespace

tl::unexpected<error> http_response_parser::broken(view what) {
  state_ = state::failed;
  head_ = {};
  return fail(errc::upstream_protocol,
              "The upstream's answer is not valid HTTP: " + std::string{what}
                + '.');
}

result<void> http_response_parser::feed(view bytes, sink& to) {
  while (!bytes.empty()) {
    switch (state_) {
    case state::head:
      if (auto done = take_head(bytes, to); !done)
        return done;
      break;
    case state::until_close:
      to.on_body(bytes);
      return {};
    case state::counted:
      take_data(bytes, to);
      if (left_ == 0)
        state_ = state::complete;
      break;
    case state::complete:
      surplus_ = true;
      return {};
    case state::failed:
      return broken("it went wrong before");
    default:
      if (take_whole_chunk(bytes, to))
        break;
      if (auto done = take_chunked(bytes, to); !done)
        return done;
    }
  }
  return {};
}

bool http_response_parser::finish() noexcept {
  if (state_ == state::until_close)
    state_ = state::complete;
  return complete();
}

// -- the head ----------------------------------------------------------------

result<void> http_response_parser::take_head(view& bytes, sink& to) {
  // Two bytes of an earlier piece may belong to the empty line.
  const auto known = head_.size();
  if (known == 0) {
    if (const auto end = head_end(bytes, 0); end != view::npos) {
      const auto head = bytes.substr(0, end);
      bytes.remove_prefix(end);
      return read_head(head, to);
    }
  }
  head_ += bytes;
  const auto end = head_end(head_, known < 2 ? 0 : known - 2);
  if (end == view::npos) {
    constexpr view start = "HTTP/1.";
    const view begun = view{head_}.substr(0, start.size());
    if (!start.starts_with(begun))
      return broken("it does not begin with HTTP/1");
    if (head_bytes_ + head_.size() > max_head_bytes)
      return broken("its head is too long");
    bytes = {};
    return {};
  }
  bytes.remove_prefix(end - known);
  auto head = std::move(head_);
  head_ = {};
  head.resize(end);
  return read_head(head, to);
}

result<void> http_response_parser::read_head(view text, sink& to) {
  head_bytes_ += text.size();
  if (head_bytes_ > max_head_bytes)
    return broken("its head is too long");
  response_head head;
  framing frame;
  int minor = 0;
  if (!read_status(take_line(text), head.status, minor))
    return broken("its status line makes no sense");
  for (auto line = take_line(text); !line.empty(); line = take_line(text))
    if (!read_field(line, head, frame))
      return broken("a header field makes no sense");
  if (head.status == 101)
    return broken("it switches to a protocol that nobody asked for");
  if (head.status < 200)
    return {}; // 100 Continue, 103 Early Hints: the response is still to come
  if (auto begun = begin_body(head, minor, frame); !begun)
    return begun;
  to.on_head(head);
  return {};
}

bool http_response_parser::read_status(view line, int& status, int& minor) {
  // HTTP/1.1 200 OK; the reason and the blank before it may be missing.
  if (!line.starts_with("HTTP/1.") || line.size() < 12 || line[8] != ' ')
    return false;
  minor = line[7] - '0';
  const auto code = line.substr(9, 3);
  const auto [end, ec] = std::from_chars(code.data(), code.data() + 3, status);
  return ec == std::errc{} && end == code.data() + 3 && status >= 100
         && status <= 599 && (minor == 0 || minor == 1)
         && (line.size() == 12 || line[12] == ' ');
}

bool http_response_parser::read_field(view line, response_head& head,
                                      framing& frame) {
  const auto colon = line.find(':');
  if (colon == view::npos || !is_token(line.substr(0, colon)))
    return false;
  const auto name = line.substr(0, colon);
  const auto value = trimmed(line.substr(colon + 1));
  auto is = [name](view other) {
    return equals_ignoring_case(name, other);
  };
  if (is("content-length")) {
    // A list of equal lengths is allowed to be read as one.
    for_each_element(value, [&frame](view element) {
      const auto length = length_from(element);
      if (!length || (frame.length && *frame.length != *length))
        frame.contradiction = true;
      frame.length = length;
    });
    frame.contradiction |= value.empty();
  } else if (is("transfer-encoding")) {
    for_each_element(value, [&frame](view element) {
      const bool chunked = equals_ignoring_case(element, "chunked");
      frame.unknown_coding |= !chunked || frame.chunked;
      frame.chunked |= chunked;
    });
  } else if (is("connection")) {
    for_each_element(value, [&frame](view element) {
      frame.close |= equals_ignoring_case(element, "close");
      frame.keep_alive |= equals_ignoring_case(element, "keep-alive");
    });
  } else if (is("content-encoding")) {
    frame.compressed |=
      !value.empty() && !equals_ignoring_case(value, "identity");
  } else if (is("content-type")) {
    const auto type = trimmed(value.substr(0, value.find(';')));
    head.media_type.assign(type);
    std::transform(type.begin(), type.end(), head.media_type.begin(), lowered);
  } else if (is("retry-after")) {
    head.retry_after = value;
  } else if (is("date")) {
    head.date = value;
  }
  return true;
}

result<void> http_response_parser::begin_body(const response_head& head,
                                              int minor, const framing& frame) {
  if (frame.contradiction)
    return broken("its Content-Length makes no sense");
  if (frame.unknown_coding)
    return broken("its Transfer-Encoding is not chunked");
  if (frame.compressed)
    return broken("it is compressed, which nobody asked for");
  keep_alive_ = !frame.close && (minor == 1 || frame.keep_alive)
                && !(frame.chunked && frame.length);
  if (head.status == 204 || head.status == 304) {
    state_ = state::complete;
  } else if (frame.chunked) {
    state_ = state::chunk_size;
  } else if (frame.length) {
    left_ = *frame.length;
    state_ = left_ == 0 ? state::complete : state::counted;
  } else {
    keep_alive_ = false;
    state_ = state::until_close;
  }
  return {};
}

// -- the body ----------------------------------------------------------------

void http_response_parser::take_data(view& bytes, sink& to) {
  const auto size =
    static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size()));
  const auto piece = bytes.substr(0, size);
  bytes.remove_prefix(size);
  left_ -= size;
  to.on_body(piece);
}

// The shortest way for what is most common by far: a chunk that stands whole in
// `bytes`, without an extension. False: nothing was taken, whatever it is.
bool http_response_parser::take_whole_chunk(view& bytes, sink& to) {
  constexpr std::size_t max_digits = 6;
  if (state_ != state::chunk_size || size_begun_)
    return false;
  std::size_t digits = 0;
  std::size_t size = 0;
  for (; digits < bytes.size() && digits < max_digits; ++digits) {
    const auto digit = digit_from(bytes[digits]);
    if (digit < 0)
      break;
    size = size * 16 + static_cast<std::size_t>(digit);
  }
  const auto begin = digits + 2;
  if (digits == 0 || size == 0 || bytes.size() < begin + size + 2
      || bytes[digits] != '\r' || bytes[digits + 1] != '\n'
      || bytes[begin + size] != '\r' || bytes[begin + size + 1] != '\n')
    return false;
  const auto piece = bytes.substr(begin, size);
  bytes.remove_prefix(begin + size + 2);
  to.on_body(piece);
  return true;
}

// Precondition: the state is one of a chunked body's, `bytes` is not empty.
result<void> http_response_parser::take_chunked(view& bytes, sink& to) {
  switch (state_) {
  case state::chunk_size:
    return take_size(bytes);
  case state::chunk_extension: {
    const auto end = bytes.find('\n');
    const auto taken = end == view::npos ? bytes.size() : end + 1;
    overhead_ += taken;
    bytes.remove_prefix(taken);
    if (overhead_ > max_trailer_bytes)
      return broken("a chunk's extension is too long");
    if (end != view::npos) {
      overhead_ = 0;
      state_ = left_ > 0 ? state::chunk_data : state::trailer;
    }
    return {};
  }
  case state::chunk_data:
    take_data(bytes, to);
    if (left_ == 0)
      state_ = state::chunk_end;
    return {};
  case state::chunk_end: {
    // CR LF, or LF alone; `size_begun_` stands for the CR here.
    const auto c = bytes.front();
    bytes.remove_prefix(1);
    if (c == '\r' && !size_begun_) {
      size_begun_ = true;
      return {};
    }
    if (c != '\n')
      return broken("a chunk is longer than it says");
    size_begun_ = false;
    state_ = state::chunk_size;
    return {};
  }
  default:
    return take_trailer(bytes);
  }
}

result<void> http_response_parser::take_size(view& bytes) {
  while (!bytes.empty()) {
    const auto digit = digit_from(bytes.front());
    if (digit < 0) {
      const auto c = bytes.front();
      if (!size_begun_
          || (c != '\r' && c != '\n' && c != ';' && c != ' ' && c != '\t'))
        return broken("a chunk's size is no number");
      size_begun_ = false;
      state_ = state::chunk_extension;
      return {};
    }
    size_begun_ = true;
    left_ = left_ * 16 + static_cast<std::uint64_t>(digit);
    if (left_ > max_length)
      return broken("a chunk's size is beyond all reason");
    bytes.remove_prefix(1);
  }
  return {};
}

// Trailer fields are read over, up to the empty line.
result<void> http_response_parser::take_trailer(view& bytes) {
  while (!bytes.empty()) {
    const auto c = bytes.front();
    bytes.remove_prefix(1);
    if (++overhead_ > max_trailer_bytes)
      return broken("its trailer is too long");
    if (c == '\n') {
      if (line_empty_) {
        state_ = state::complete;
        return {};
      }
      line_empty_ = true;
    } else if (c != '\r') {
      line_empty_ = false;
    }
  }
  return {};
}

} // namespace parley::llm
