#include "actors/journal_buffer.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "chat/limits.hpp"

namespace parley::actors {

namespace {

std::size_t bytes_of(const std::vector<log_entry>& entries) {
  std::size_t sum = 0;
  for (const auto& entry : entries)
    sum += entry.text.size() + entry.delta.arguments.size();
  return sum;
}

bool is_text(const log_entry& entry) {
  return entry.kind == log_entry::kind_t::content
         || entry.kind == log_entry::kind_t::reasoning;
}

// Neighbouring text becomes one entry: a stream that is ahead of the clock
// brings many.
void join_entries(std::vector<log_entry>& to, std::vector<log_entry> what) {
  auto rest = what.begin();
  if (!to.empty() && is_text(*rest) && rest->kind == to.back().kind)
    to.back().text += (rest++)->text;
  std::move(rest, what.end(), std::back_inserter(to));
}

} // namespace

bool journal_buffer::add(place& where, caf::strong_actor_ptr session,
                         log_segment what) {
  if (what.entries.empty())
    return false;
  const auto added = bytes_of(what.entries);
  std::lock_guard guard{mutex_};
  if (closed_)
    return false;
  const auto is_first = parts_.empty();
  if (where.group == group_) {
    join_entries(parts_[where.index].segment.entries, std::move(what.entries));
  } else {
    where = {group_, parts_.size()};
    parts_.push_back({std::move(session), std::move(what)});
  }
  const auto before = std::exchange(bytes_, bytes_ + added);
  return is_first
         || (before < limits::journal_flush_bytes
             && bytes_ >= limits::journal_flush_bytes);
}

void journal_buffer::drop(place& where) {
  std::lock_guard guard{mutex_};
  if (where.group == group_)
    parts_[where.index].segment.entries.clear();
  where = {};
}

bool journal_buffer::full() const {
  std::lock_guard guard{mutex_};
  return bytes_ >= limits::journal_flush_bytes;
}

std::vector<journal_buffer::part> journal_buffer::take() {
  std::lock_guard guard{mutex_};
  return take_locked();
}

std::vector<journal_buffer::part> journal_buffer::close() {
  std::lock_guard guard{mutex_};
  closed_ = true;
  return take_locked();
}

std::vector<journal_buffer::part> journal_buffer::take_locked() {
  // The next group is about as large as this one.
  std::vector<part> next;
  next.reserve(parts_.size());
  ++group_;
  bytes_ = 0;
  parts_.swap(next);
  std::erase_if(next, [](const part& x) { return x.segment.entries.empty(); });
  return next;
}

} // namespace parley::actors
