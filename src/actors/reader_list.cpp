#include "actors/reader_list.hpp"

#include <algorithm>
#include <utility>

#include <caf/actor_cast.hpp>

#include "chat/limits.hpp"

namespace parley::actors {

reader_list::reader* reader_list::find(const caf::actor_addr& who) noexcept {
  auto same = [&who](const reader& x) {
    return x.handle == who;
  };
  auto i = std::find_if(readers_.begin(), readers_.end(), same);
  return i == readers_.end() ? nullptr : &*i;
}

bool reader_list::add(const reader_actor& who, stream_log::cursor place,
                      std::uint32_t credit, past_progress past) {
  credit = std::min(credit, limits::reader_credit);
  if (auto* present = find(who.address())) {
    present->place = place;
    present->credit = credit;
    return false;
  }
  auto seen = past == past_progress::told ? 0 : progress_.size();
  readers_.push_back({who, place, credit, seen});
  return true;
}

void reader_list::grant(const caf::actor_addr& who, std::uint32_t credit) {
  if (auto* found = find(who))
    found->credit =
      std::min(found->credit + std::min(credit, limits::reader_credit),
               limits::reader_credit);
}

bool reader_list::remove(const caf::actor_addr& who) {
  auto same = [&who](const reader& x) {
    return x.handle == who;
  };
  return std::erase_if(readers_, same) > 0;
}

std::vector<event> reader_list::take_next(reader& to,
                                          const stream_log& log) const {
  std::vector<event> items;
  log.read(to.place, limits::max_batch_bytes, items);
  auto begins =
    !items.empty() && std::holds_alternative<start_event>(items.front());
  items.insert(items.begin() + (begins ? 1 : 0),
               progress_.begin()
                 + static_cast<std::ptrdiff_t>(to.progress_seen),
               progress_.end());
  to.progress_seen = progress_.size();
  return items;
}

bool reader_list::send_to(reader& to, const stream_log& log,
                          std::int64_t read_at, std::optional<sent>& last) {
  if (last && last->from == to.place.seq
      && last->progress_seen == to.progress_seen) {
    to.place = last->to;
    to.progress_seen = progress_.size();
    --to.credit;
    send_(to.handle, last->message);
    return last->terminal;
  }
  auto from = to.place.seq;
  auto progress_seen = to.progress_seen;
  events out{take_next(to, log), read_at};
  if (out.items.empty())
    return false;
  --to.credit;
  auto terminal = is_terminal(out.items.back());
  auto message = caf::make_message(std::move(out));
  send_(to.handle, message);
  last = sent{from, progress_seen, to.place, std::move(message), terminal};
  return terminal;
}

std::vector<caf::actor_addr> reader_list::publish(const stream_log& log,
                                                  std::int64_t read_at) {
  std::vector<caf::actor_addr> done;
  std::optional<sent> last;
  for (auto& to : readers_) {
    auto terminal = false;
    auto before = to.credit + 1;
    while (to.credit > 0 && to.credit < before && !terminal) {
      before = to.credit;
      terminal = send_to(to, log, read_at, last);
    }
    if (terminal)
      done.push_back(to.handle.address());
  }
  for (const auto& who : done)
    remove(who);
  return done;
}

} // namespace parley::actors
