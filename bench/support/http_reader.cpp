#include "support/http_reader.hpp"

#include <cctype>
#include <charconv>

namespace parley::bench {

namespace {

constexpr std::size_t max_head_bytes = 64 * 1024;
constexpr std::size_t max_line_bytes = 4 * 1024;

/// The value of a header in a head that is in lower case, or nothing.
std::string_view header(std::string_view head, std::string_view name) {
  const auto key = "\n" + std::string{name} + ":";
  const auto found = head.find(key);
  if (found == std::string_view::npos)
    return {};
  auto value = head.substr(found + key.size());
  value = value.substr(0, value.find('\r'));
  const auto first = value.find_first_not_of(' ');
  return first == std::string_view::npos ? value : value.substr(first);
}

} // namespace

int http_reader::status() const {
  // "http/1.1 200 ok"
  int result = 0;
  if (head_complete() && head_.size() > 12 && head_.starts_with("http/1."))
    std::from_chars(head_.data() + 9, head_.data() + 12, result);
  return result;
}

void http_reader::reset() {
  state_ = state::head;
  left_ = 0;
  head_.clear();
  line_.clear();
}

std::size_t http_reader::take_head(std::string_view in) {
  const auto before = head_.size();
  head_.append(in);
  const auto end = head_.find("\r\n\r\n", before < 3 ? 0 : before - 3);
  if (end == std::string::npos) {
    if (head_.size() > max_head_bytes)
      state_ = state::failed;
    return in.size();
  }
  head_.resize(end + 4);
  std::transform(head_.begin(), head_.end(), head_.begin(), [](char c) {
    return static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  });
  on_head();
  return head_.size() - before;
}

void http_reader::on_head() {
  if (header(head_, "transfer-encoding") == "chunked") {
    state_ = state::chunk_size;
    return;
  }
  const auto length = header(head_, "content-length");
  const auto parsed =
    std::from_chars(length.data(), length.data() + length.size(), left_);
  if (!length.empty() && parsed.ec != std::errc{})
    state_ = state::failed;
  else
    state_ = left_ == 0 ? state::complete : state::sized_body;
}

std::size_t http_reader::take_line(std::string_view in) {
  const auto end = in.find('\n');
  if (end == std::string_view::npos) {
    line_.append(in);
    if (line_.size() > max_line_bytes)
      state_ = state::failed;
    return in.size();
  }
  auto line = in.substr(0, end);
  if (!line_.empty()) {
    line_.append(line);
    line = line_;
  }
  if (line.ends_with('\r'))
    line.remove_suffix(1);
  on_line(line);
  line_.clear();
  return end + 1;
}

void http_reader::on_line(std::string_view line) {
  if (state_ == state::chunk_end) {
    state_ = line.empty() ? state::chunk_size : state::failed;
  } else if (state_ == state::trailer) {
    if (line.empty())
      state_ = state::complete;
  } else {
    const auto parsed =
      std::from_chars(line.data(), line.data() + line.size(), left_, 16);
    if (parsed.ec != std::errc{})
      state_ = state::failed;
    else
      state_ = left_ == 0 ? state::trailer : state::chunk_data;
  }
}

} // namespace parley::bench
