#include "storage/memory_store.hpp"

#include <algorithm>
#include <mutex>
#include <tuple>

#include "storage/cursor.hpp"
#include "storage/open.hpp"
#include "storage/rules.hpp"

namespace parley::storage {

namespace {

// Fills a page from what `next` gives until it gives null.
template <class T, class Next, class CursorOf>
page<T> fill_page(std::size_t limit, Next next, CursorOf cursor_of_item) {
  page<T> out;
  std::size_t bytes = 0;
  while (const T* item = next()) {
    if (!out.items.empty()
        && (out.items.size() >= limit || bytes >= max_page_bytes)) {
      out.next_cursor = cursor_of_item(out.items.back());
      break;
    }
    bytes += page_bytes(*item);
    out.items.push_back(*item);
  }
  return out;
}

} // namespace

// -- writing ---------------------------------------------------------------

result<void> memory_store::write(std::span<const mutation> batch, sync_mode) {
  std::unique_lock guard{mutex_};
  for (const auto& change : batch)
    std::visit([this](const auto& x) { apply(x); }, change);
  return {};
}

void memory_store::apply(const put_conversation& x) {
  conversations_.insert_or_assign(x.value.id, x.value);
}

void memory_store::apply(const put_message& x) {
  messages_.insert_or_assign({x.value.conversation, x.value.id}, x.value);
}

void memory_store::apply(const put_stream& x) {
  streams_.insert_or_assign(x.value.id, x.value);
  expired_.erase(x.value.id);
}

void memory_store::apply(const put_claim& x) {
  claims_.insert_or_assign({x.value.caller, x.value.key}, x.value);
}

void memory_store::apply(const append_segment& x) {
  auto i = streams_.find(x.value.stream);
  if (i == streams_.end() || is_terminal(i->second.status))
    return;
  segments_.insert_or_assign({x.value.stream, x.value.first_seq}, x.value);
}

void memory_store::apply(const erase_segments& x) {
  std::erase_if(
    segments_, [&x](const auto& item) { return item.first.first == x.stream; });
}

void memory_store::apply(const erase_conversation& x) {
  conversations_.erase(x.id);
  std::erase_if(messages_,
                [&x](const auto& item) { return item.first.first == x.id; });
  std::erase_if(streams_, [this, &x](const auto& item) {
    if (item.second.conversation != x.id)
      return false;
    apply(erase_segments{item.first});
    erase_claims_of(item.first);
    return true;
  });
  std::erase_if(expired_, [this, &x](const auto& item) {
    if (item.second.conversation != x.id)
      return false;
    erase_claims_of(item.first);
    return true;
  });
}

void memory_store::erase_claims_of(const stream_id& stream) {
  std::erase_if(claims_, [&stream](const auto& item) {
    return item.second.stream == stream;
  });
}

result<std::size_t> memory_store::sweep_expired(timestamp streams_before,
                                                timestamp claims_before,
                                                std::size_t max_items) {
  std::unique_lock guard{mutex_};
  // What expires now is not dropped before the next sweep.
  auto horizon = tombstone_horizon(streams_before, claims_before);
  std::set<std::pair<timestamp, stream_id>> old_tombstones;
  for (const auto& [id, gone] : expired_) {
    if (gone.what.finished_at < horizon)
      old_tombstones.emplace(gone.what.finished_at, id);
  }
  std::size_t removed = 0;
  // Oldest first, as every bounded sweep must.
  std::set<std::pair<timestamp, claim_name>> old_claims;
  for (const auto& [name, claim] : claims_) {
    if (claim.created_at < claims_before)
      old_claims.emplace(claim.created_at, name);
  }
  for (const auto& [when, name] : old_claims) {
    if (removed == max_items)
      return removed;
    claims_.erase(name);
    ++removed;
  }
  std::set<std::pair<timestamp, stream_id>> old_streams;
  for (const auto& [id, record] : streams_) {
    if (is_terminal(record.status) && record.finished_at < streams_before)
      old_streams.emplace(record.finished_at, id);
  }
  for (const auto& [when, id] : old_streams) {
    if (removed == max_items)
      return removed;
    const auto& record = streams_.at(id);
    expired_.insert_or_assign(
      id, expired_stream{record.conversation, {record.message, when}});
    apply(erase_segments{id});
    streams_.erase(id);
    ++removed;
  }
  for (const auto& [when, id] : old_tombstones) {
    if (removed == max_items)
      return removed;
    erase_claims_of(id);
    expired_.erase(id);
    ++removed;
  }
  return removed;
}

result<void> memory_store::probe() {
  return {};
}

// -- reading ---------------------------------------------------------------

result<conversation>
memory_store::get_conversation(const conversation_id& id) const {
  std::shared_lock guard{mutex_};
  auto i = conversations_.find(id);
  if (i == conversations_.end())
    return not_found(id);
  return i->second;
}

result<page<conversation>>
memory_store::list_conversations(std::string_view cursor,
                                 std::size_t limit) const {
  std::shared_lock guard{mutex_};
  auto newest_first = [](const conversation* a, const conversation* b) {
    return std::tie(a->updated_at, a->id) > std::tie(b->updated_at, b->id);
  };
  std::vector<const conversation*> all;
  for (const auto& [id, value] : conversations_)
    all.push_back(&value);
  std::sort(all.begin(), all.end(), newest_first);
  auto i = all.begin();
  if (!cursor.empty()) {
    auto last = parse_activity_cursor(cursor);
    if (!last)
      return fail(std::move(last.error()));
    conversation place;
    place.updated_at = last->when;
    place.id = last->id;
    i = std::upper_bound(all.begin(), all.end(), &place, newest_first);
  }
  auto next = [&i, &all]() -> const conversation* {
    return i == all.end() ? nullptr : *i++;
  };
  return fill_page<conversation>(limit, next, [](const conversation& x) {
    return cursor_of(activity_position{x.updated_at, x.id});
  });
}

message memory_store::as_read(const message& stored) const {
  auto out = stored;
  auto i = streams_.find(stored.stream);
  if (stored.status == message_status::generating && i != streams_.end()
      && is_written_by(stored, i->second))
    overlay(out, i->second, segments_of(stored.stream));
  return out;
}

result<message> memory_store::get_message(const conversation_id& conversation,
                                          const message_id& id) const {
  std::shared_lock guard{mutex_};
  auto i = messages_.find({conversation, id});
  if (i == messages_.end())
    return not_found(id);
  return as_read(i->second);
}

result<page<message>>
memory_store::list_messages(const conversation_id& conversation,
                            std::string_view cursor, std::size_t limit,
                            sort_order order) const {
  std::shared_lock guard{mutex_};
  if (!conversations_.contains(conversation))
    return not_found(conversation);
  std::vector<message> all;
  for (auto i = messages_.lower_bound({conversation, message_id{}});
       i != messages_.end() && i->first.first == conversation; ++i)
    all.push_back(as_read(i->second));
  auto precedes = [order](const message_id& a, const message_id& b) {
    return order == sort_order::ascending ? a < b : b < a;
  };
  std::sort(all.begin(), all.end(), [&precedes](const auto& a, const auto& b) {
    return precedes(a.id, b.id);
  });
  auto i = all.begin();
  if (!cursor.empty()) {
    auto last = parse_message_cursor(conversation, order, cursor);
    if (!last)
      return fail(std::move(last.error()));
    i = std::find_if(all.begin(), all.end(), [&last, &precedes](const auto& x) {
      return precedes(*last, x.id);
    });
  }
  auto next = [&i, &all]() -> const message* {
    return i == all.end() ? nullptr : &*i++;
  };
  return fill_page<message>(limit, next, [&](const message& x) {
    return cursor_of(conversation, order, x.id);
  });
}

result<stream_record> memory_store::get_stream(const stream_id& id) const {
  std::shared_lock guard{mutex_};
  return find_stream(id);
}

result<stream_record> memory_store::find_stream(const stream_id& id) const {
  if (auto i = streams_.find(id); i != streams_.end())
    return i->second;
  if (auto i = expired_.find(id); i != expired_.end())
    return expired(id, i->second.what.message);
  return not_found(id);
}

std::vector<log_segment>
memory_store::segments_of(const stream_id& stream) const {
  std::vector<log_segment> out;
  for (auto i = segments_.lower_bound({stream, 0});
       i != segments_.end() && i->first.first == stream; ++i)
    out.push_back(i->second);
  return out;
}

result<stored_stream> memory_store::load_stream(const stream_id& id) const {
  std::shared_lock guard{mutex_};
  auto record = find_stream(id);
  if (!record)
    return fail(std::move(record.error()));
  stored_stream out;
  out.record = *std::move(record);
  if (!is_terminal(out.record.status)) {
    out.segments = segments_of(id);
    return out;
  }
  auto i = messages_.find({out.record.conversation, out.record.message});
  if (i == messages_.end())
    return not_found(out.record.message);
  out.answer = as_read(i->second);
  return out;
}

result<std::vector<stream_record>> memory_store::open_streams() const {
  std::shared_lock guard{mutex_};
  std::vector<stream_record> out;
  for (const auto& [id, record] : streams_) {
    if (!is_terminal(record.status))
      out.push_back(record);
  }
  return out;
}

result<std::optional<idempotency_claim>>
memory_store::find_claim(std::string_view caller, std::string_view key) const {
  std::shared_lock guard{mutex_};
  auto i = claims_.find({std::string{caller}, std::string{key}});
  if (i == claims_.end())
    return std::nullopt;
  return i->second;
}

// -- meta ------------------------------------------------------------------

result<std::optional<std::string>>
memory_store::get_meta(std::string_view name) const {
  std::shared_lock guard{mutex_};
  auto i = meta_.find(name);
  if (i == meta_.end())
    return std::nullopt;
  return i->second;
}

result<void> memory_store::put_meta(std::string_view name,
                                    std::string_view value) {
  std::unique_lock guard{mutex_};
  meta_.insert_or_assign(std::string{name}, std::string{value});
  return {};
}

std::unique_ptr<store> make_memory_store() {
  return std::make_unique<memory_store>();
}

} // namespace parley::storage
