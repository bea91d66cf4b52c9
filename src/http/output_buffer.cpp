#include "http/output_buffer.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

namespace parley::http {

namespace {

// Small pieces are joined up to this size, to stay below max_gathered.
constexpr std::size_t joined_bytes = 1024;
// Kept for the next answer; more than that is given back.
constexpr std::size_t kept_pieces = 4;

} // namespace

void output_buffer::push(std::string piece) {
  if (piece.empty())
    return;
  if (piece.size() < joined_bytes) {
    append(piece);
    return;
  }
  bytes_ += piece.size();
  pieces_.push_back(std::move(piece));
}

void output_buffer::append(std::string_view text) {
  if (text.empty())
    return;
  bytes_ += text.size();
  if (first_ < pieces_.size()
      && pieces_.back().size() + text.size() <= joined_bytes)
    pieces_.back() += text;
  else
    pieces_.emplace_back(text);
}

output_buffer::gathered output_buffer::front() const {
  gathered result;
  auto skip = offset_;
  for (auto i = first_; i < pieces_.size() && result.count_ < max_gathered;
       ++i) {
    const std::string_view piece = pieces_[i];
    result.buffers_[result.count_++] =
      boost::asio::buffer(piece.data() + skip, piece.size() - skip);
    skip = 0;
  }
  return result;
}

void output_buffer::consume(std::size_t count) {
  assert(count <= bytes_);
  bytes_ -= count;
  if (bytes_ == 0) {
    first_ = offset_ = 0;
    if (pieces_.capacity() > kept_pieces)
      pieces_ = {};
    else
      pieces_.clear();
    return;
  }
  count += offset_;
  while (count >= pieces_[first_].size()) {
    count -= pieces_[first_].size();
    pieces_[first_] = {};
    ++first_;
  }
  offset_ = count;
}

} // namespace parley::http
