#include "chat/stream_log.hpp"

#include <algorithm>
#include <cassert>
#include <map>
#include <utility>

#include "chat/limits.hpp"
#include "chat/utf8.hpp"

namespace parley {

namespace {

using run_kind = layout_run::kind_t;

run_kind run_kind_of(text_kind x) noexcept {
  return x == text_kind::content ? run_kind::content : run_kind::reasoning;
}

bool is_text(run_kind x) noexcept {
  return x == run_kind::content || x == run_kind::reasoning;
}

std::size_t size_of(const tool_call& x) noexcept {
  return x.id.size() + x.name.size() + x.arguments.size();
}

seq_t end_seq(const terminal_event& x) noexcept {
  return std::visit([](const auto& end) { return end.seq; }, x);
}

// Bytes of the next frame of `text`: at most `most`, cut between code points,
// but never less than one code point.
std::size_t frame_bytes(std::string_view text, std::size_t most) noexcept {
  if (text.size() <= most)
    return text.size();
  const auto bytes = utf8::boundary_before(text, most);
  return bytes > 0 ? bytes : utf8::prefix_bytes(text, 1);
}

} // namespace

seq_t log_segment::last_seq() const noexcept {
  auto last = first_seq - 1;
  for (const auto& entry : entries) {
    const bool has_text = entry.kind == log_entry::kind_t::content
                          || entry.kind == log_entry::kind_t::reasoning;
    last += has_text ? utf8::length(entry.text) : 1;
  }
  return last;
}

// -- construction ------------------------------------------------------------

stream_log::stream_log(start_event start) : start_{std::move(start)} {
}

result<stream_log>
stream_log::from_layout(start_event start,
                        const std::vector<layout_run>& layout,
                        const message& answer, terminal_event end) {
  const auto mismatch = [&answer](std::string_view what) {
    return fail(errc::internal, "the layout of message " + answer.id.str()
                                  + " does not fit: " + std::string{what});
  };
  if (!utf8::is_valid(answer.content) || !utf8::is_valid(answer.reasoning))
    return mismatch("its text is not UTF-8");
  stream_log log{std::move(start)};
  std::string_view content = answer.content;
  std::string_view reasoning = answer.reasoning;
  for (const auto& part : layout) {
    if (part.length > limits::interrupted_seq)
      return mismatch("a run is too long");
    switch (part.kind) {
    case run_kind::content:
    case run_kind::reasoning: {
      const bool is_content = part.kind == run_kind::content;
      auto& rest = is_content ? content : reasoning;
      const auto text = rest.substr(0, utf8::prefix_bytes(rest, part.length));
      if (utf8::length(text) != part.length)
        return mismatch("the text is too short");
      rest.remove_prefix(text.size());
      log.append_text(is_content ? text_kind::content : text_kind::reasoning,
                      text);
      break;
    }
    case run_kind::tool_call:
      log.append_tool_call(part.delta);
      break;
    case run_kind::reset:
      log.append_reset(part.delta.name);
      break;
    case run_kind::discarded:
      log.append_discarded(part.length);
      break;
    }
  }
  if (!content.empty() || !reasoning.empty())
    return mismatch("there is text that it does not name");
  if (const auto seq = end_seq(end); seq != 0 && seq <= log.last_)
    return mismatch("the end does not come last");
  log.finish(std::move(end));
  return log;
}

stream_log stream_log::from_segments(start_event start,
                                     const std::vector<log_segment>& segments) {
  stream_log log{std::move(start)};
  for (const auto& segment : segments) {
    if (segment.first_seq != log.last_ + 1)
      break;
    for (const auto& entry : segment.entries)
      log.append(entry);
  }
  return log;
}

// -- writing -----------------------------------------------------------------

stream_log::run& stream_log::push(layout_run::kind_t kind, seq_t numbers) {
  runs_.push_back({kind, last_, last_ + numbers, {}, {}});
  last_ += numbers;
  bytes_ += sizeof(run);
  return runs_.back();
}

void stream_log::append_text(text_kind kind, std::string_view text) {
  assert(!finished());
  if (text.empty())
    return;
  const auto points = utf8::length(text);
  const auto wanted = run_kind_of(kind);
  if (!runs_.empty() && runs_.back().kind == wanted) {
    runs_.back().text += text;
    runs_.back().last += points;
    last_ += points;
  } else {
    push(wanted, points).text = text;
  }
  bytes_ += text.size();
  if (kind == text_kind::content)
    content_points_ += points;
}

void stream_log::append_tool_call(tool_call delta) {
  assert(!finished());
  bytes_ += size_of(delta);
  push(run_kind::tool_call, 1).delta = std::move(delta);
}

void stream_log::append_reset(std::string reason) {
  assert(!finished());
  // The runs stay, without their text: cursors name them by index.
  for (auto i = reset_ ? *reset_ : 0; i < runs_.size(); ++i) {
    runs_[i].kind = run_kind::discarded;
    runs_[i].text = {};
    runs_[i].delta = {};
  }
  content_points_ = 0;
  bytes_ += reason.size();
  reset_ = runs_.size();
  push(run_kind::reset, 1).delta.name = std::move(reason);
}

void stream_log::append_discarded(std::uint64_t numbers) {
  if (numbers > 0)
    push(run_kind::discarded, numbers);
}

void stream_log::append(const log_entry& entry) {
  switch (entry.kind) {
  case log_entry::kind_t::content:
    return append_text(text_kind::content, entry.text);
  case log_entry::kind_t::reasoning:
    return append_text(text_kind::reasoning, entry.text);
  case log_entry::kind_t::tool_call:
    return append_tool_call(entry.delta);
  case log_entry::kind_t::reset:
    return append_reset(entry.text);
  }
}

seq_t stream_log::finish(terminal_event end) {
  assert(!finished());
  std::visit([this](auto& what) { what.seq = std::max(what.seq, last_ + 1); },
             end);
  last_ = end_seq(end);
  terminal_ = std::move(end);
  return last_;
}

// -- reading -----------------------------------------------------------------

const start_event& stream_log::start() const noexcept {
  return start_;
}

seq_t stream_log::last_seq() const noexcept {
  return last_;
}

bool stream_log::finished() const noexcept {
  return terminal_.has_value();
}

const terminal_event* stream_log::terminal() const noexcept {
  return terminal_ ? &*terminal_ : nullptr;
}

std::size_t stream_log::size_bytes() const noexcept {
  return bytes_;
}

std::uint64_t stream_log::content_code_points() const noexcept {
  return content_points_;
}

result<stream_log::cursor> stream_log::at(seq_t after) const {
  if (after > last_ && !finished())
    return fail(errc::invalid_cursor,
                "stream " + start_.stream.str() + " has come to "
                  + std::to_string(last_) + ", the cursor says "
                  + std::to_string(after));
  const auto place = std::min(after, last_);
  const auto found =
    std::upper_bound(runs_.begin(), runs_.end(), place,
                     [](seq_t seq, const run& x) { return seq < x.last; });
  const auto index = static_cast<std::size_t>(found - runs_.begin());
  if (found == runs_.end()) {
    // The last run may still grow: the place is at its end, not behind it.
    if (!runs_.empty() && is_text(runs_.back().kind))
      return cursor{index - 1, runs_.back().text.size(), place};
    return cursor{index, 0, place};
  }
  std::size_t offset = 0;
  if (is_text(found->kind) && place > found->before) {
    const auto points = place - found->before;
    const bool is_ascii = found->text.size() == found->last - found->before;
    offset = is_ascii ? static_cast<std::size_t>(points)
                      : utf8::prefix_bytes(found->text, points);
  }
  return cursor{index, offset, place};
}

bool stream_log::at_end(const cursor& place) const noexcept {
  return finished() && place.seq >= last_;
}

bool stream_log::read(cursor& place, std::size_t max_bytes,
                      std::vector<event>& out) const {
  if (place.seq < start_event::seq) {
    out.emplace_back(start_);
    place.seq = start_event::seq;
  }
  if (reset_ && place.seq < runs_[*reset_].last) {
    // Who has seen nothing has nothing to forget.
    const auto& reset = runs_[*reset_];
    if (place.seq == start_event::seq)
      place = {*reset_ + 1, 0, reset.last};
    else
      place = {*reset_, 0, reset.before};
  }
  for (std::size_t budget = std::max<std::size_t>(max_bytes, 1);
       place.run < runs_.size();) {
    const auto& from = runs_[place.run];
    const bool is_last = place.run + 1 == runs_.size();
    if (is_text(from.kind) && place.offset == from.text.size()) {
      if (is_last)
        break;
      place = {place.run + 1, 0, place.seq};
      continue;
    }
    if (budget == 0)
      return true;
    budget -= std::min(budget, read_run(place, budget, out));
  }
  if (terminal_ && place.seq < last_) {
    std::visit([&out](const auto& end) { out.emplace_back(end); }, *terminal_);
    place.seq = last_;
  }
  return false;
}

// Reads one event of a run that has something left; returns its bytes.
std::size_t stream_log::read_run(cursor& place, std::size_t max_bytes,
                                 std::vector<event>& out) const {
  const auto& from = runs_[place.run];
  if (is_text(from.kind)) {
    const auto rest = std::string_view{from.text}.substr(place.offset);
    const auto bytes =
      frame_bytes(rest, std::min(max_bytes, limits::max_frame_bytes));
    const auto chunk = rest.substr(0, bytes);
    place.offset += bytes;
    place.seq += utf8::length(chunk);
    const auto kind = from.kind == run_kind::content ? text_kind::content
                                                     : text_kind::reasoning;
    out.emplace_back(text_event{kind, std::string{chunk}, place.seq});
    return bytes;
  }
  place = {place.run + 1, 0, from.last};
  if (from.kind == run_kind::tool_call)
    out.emplace_back(tool_call_event{from.delta, from.last});
  else if (from.kind == run_kind::reset)
    out.emplace_back(reset_event{from.delta.name, from.last});
  return size_of(from.delta);
}

// -- what is kept of it ------------------------------------------------------

std::string stream_log::joined(layout_run::kind_t kind) const {
  std::size_t size = 0;
  for (const auto& x : runs_)
    size += x.kind == kind ? x.text.size() : 0;
  std::string text;
  text.reserve(size);
  for (const auto& x : runs_)
    if (x.kind == kind)
      text += x.text;
  return text;
}

std::string stream_log::content() const {
  return joined(run_kind::content);
}

std::string stream_log::reasoning() const {
  return joined(run_kind::reasoning);
}

std::vector<tool_call> stream_log::tool_calls() const {
  std::map<std::uint32_t, tool_call> whole;
  for (const auto& x : runs_) {
    if (x.kind != run_kind::tool_call)
      continue;
    auto& call = whole[x.delta.index];
    call.index = x.delta.index;
    if (call.id.empty())
      call.id = x.delta.id;
    if (call.name.empty())
      call.name = x.delta.name;
    call.arguments += x.delta.arguments;
  }
  std::vector<tool_call> calls;
  calls.reserve(whole.size());
  for (auto& [index, call] : whole)
    calls.push_back(std::move(call));
  return calls;
}

std::vector<layout_run> stream_log::layout() const {
  std::vector<layout_run> parts;
  for (const auto& x : runs_) {
    const auto length = x.last - x.before;
    const bool joins = x.kind == run_kind::discarded && !parts.empty()
                       && parts.back().kind == run_kind::discarded;
    if (joins)
      parts.back().length += length;
    else
      parts.push_back({x.kind, length, x.delta});
  }
  return parts;
}

} // namespace parley
