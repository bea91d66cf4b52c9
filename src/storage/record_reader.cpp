#include "storage/record_reader.hpp"

#include <memory>
#include <utility>

#include "storage/cursor.hpp"
#include "storage/keys.hpp"
#include "storage/rocksdb_status.hpp"
#include "storage/rules.hpp"

namespace parley::storage {

namespace {

// Collects a page; knows when it is full and what its cursor is.
template <class T>
class page_builder {
public:
  explicit page_builder(std::size_t limit) : limit_(limit) {
  }

  [[nodiscard]] bool full() const noexcept {
    return !page_.items.empty()
           && (page_.items.size() >= limit_ || bytes_ >= max_page_bytes);
  }
  void add(T item) {
    bytes_ += page_bytes(item);
    page_.items.push_back(std::move(item));
  }
  [[nodiscard]] const T& last() const {
    return page_.items.back();
  }
  void has_more(std::string cursor) {
    page_.next_cursor = std::move(cursor);
  }
  [[nodiscard]] page<T> take() {
    return std::move(page_);
  }

private:
  page<T> page_;
  std::size_t limit_;
  std::size_t bytes_ = 0;
};

} // namespace

record_reader::record_reader(rocksdb::DB& db) : db_(db), snapshot_(&db) {
  options_.snapshot = snapshot_.snapshot();
}

// -- conversations ---------------------------------------------------------

result<conversation>
record_reader::get_conversation(const conversation_id& id) const {
  auto bytes = get(keys::record(id));
  if (!bytes)
    return fail(std::move(bytes.error()));
  if (!*bytes)
    return not_found(id);
  return decode_conversation(id, **bytes);
}

result<page<conversation>>
record_reader::list_conversations(std::string_view cursor,
                                  std::size_t limit) const {
  std::string begin{keys::activity_kind};
  if (!cursor.empty()) {
    auto last = parse_activity_cursor(cursor);
    if (!last)
      return fail(std::move(last.error()));
    begin = keys::activity(last->when, last->id);
    begin += '\0'; // the next key there can be
  }
  page_builder<conversation> out{limit};
  auto visit = [&](std::string_view key, std::string_view) -> result<bool> {
    auto place = keys::parse_activity(key);
    if (!place)
      return true;
    if (out.full()) {
      const auto& last = out.last();
      out.has_more(cursor_of(activity_position{last.updated_at, last.id}));
      return false;
    }
    auto bytes = get(keys::record(place->id));
    if (!bytes)
      return fail(std::move(bytes.error()));
    if (!*bytes)
      return true;
    auto item = decode_conversation(place->id, **bytes);
    // One that is damaged must not hide the others; asked for by its id it
    // fails, and there tells why.
    if (!item)
      return true;
    // A place that a damaged record left behind when it was replaced.
    if (item->updated_at == place->when)
      out.add(*std::move(item));
    return true;
  };
  // Forwards: each place that a conversation left is skipped on the way, and
  // RocksDB walks back at several times the cost.
  auto done = scan(begin, keys::end_of(keys::activity_kind),
                   sort_order::ascending, visit);
  if (!done)
    return fail(std::move(done.error()));
  return out.take();
}

// -- messages --------------------------------------------------------------

result<void> record_reader::complete(message& x) const {
  // A message stops being `generating` in the batch that ends its stream.
  if (x.status != message_status::generating || x.stream.empty())
    return {};
  auto found = find_stream(x.stream);
  if (!found)
    return fail(std::move(found.error()));
  const auto* record = *found ? std::get_if<stream_record>(&**found) : nullptr;
  if (!record || !is_written_by(x, *record))
    return {};
  auto segments = segments_of(*record);
  if (!segments)
    return fail(std::move(segments.error()));
  overlay(x, *record, *segments);
  return {};
}

result<message> record_reader::get_message(const conversation_id& conversation,
                                           const message_id& id) const {
  auto bytes = get(keys::message(conversation, id));
  if (!bytes)
    return fail(std::move(bytes.error()));
  if (!*bytes)
    return not_found(id);
  auto found = decode_message(conversation, id, **bytes);
  if (!found)
    return found;
  if (auto done = complete(*found); !done)
    return fail(std::move(done.error()));
  return found;
}

result<page<message>>
record_reader::list_messages(const conversation_id& conversation,
                             std::string_view cursor, std::size_t limit,
                             sort_order order) const {
  auto exists = get(keys::record(conversation));
  if (!exists)
    return fail(std::move(exists.error()));
  if (!*exists)
    return not_found(conversation);
  auto begin = keys::messages_of(conversation);
  auto end = keys::end_of(begin);
  if (!cursor.empty()) {
    auto last = parse_message_cursor(conversation, order, cursor);
    if (!last)
      return fail(std::move(last.error()));
    auto place = keys::message(conversation, *last);
    if (order == sort_order::ascending)
      begin = place + '\0'; // the next key there can be
    else
      end = place;
  }
  page_builder<message> out{limit};
  auto visit = [&](std::string_view key,
                   std::string_view value) -> result<bool> {
    auto place = keys::parse_member(key);
    if (!place || place->kind != keys::part::message)
      return true;
    if (out.full()) {
      out.has_more(cursor_of(conversation, order, out.last().id));
      return false;
    }
    auto item = decode_message(conversation, place->message, value);
    if (!item)
      return fail(std::move(item.error()));
    if (auto done = complete(*item); !done)
      return fail(std::move(done.error()));
    out.add(*std::move(item));
    return true;
  };
  if (auto done = scan(begin, end, order, visit); !done)
    return fail(std::move(done.error()));
  return out.take();
}

// -- streams ---------------------------------------------------------------

result<std::optional<std::variant<stream_record, tombstone>>>
record_reader::find_stream(const stream_id& id) const {
  auto home = get(keys::home(id));
  if (!home)
    return fail(std::move(home.error()));
  if (!*home)
    return std::nullopt;
  auto conversation = keys::parse_home(**home);
  if (!conversation)
    return fail(errc::storage_failed, "The store's index entry of stream "
                                        + id.str() + " is damaged.");
  auto bytes = get(keys::stream(*conversation, id));
  if (!bytes)
    return fail(std::move(bytes.error()));
  if (!*bytes)
    return std::nullopt;
  auto found = decode_stream(*conversation, id, **bytes);
  if (!found)
    return fail(std::move(found.error()));
  return *std::move(found);
}

result<stream_record> record_reader::get_stream(const stream_id& id) const {
  auto found = find_stream(id);
  if (!found)
    return fail(std::move(found.error()));
  if (!*found)
    return not_found(id);
  if (const auto* gone = std::get_if<tombstone>(&**found))
    return expired(id, gone->message);
  return std::get<stream_record>(**std::move(found));
}

result<std::vector<log_segment>>
record_reader::segments_of(const stream_record& record) const {
  std::vector<log_segment> out;
  auto begin = keys::segments_of(record.conversation, record.id);
  auto visit = [&](std::string_view key,
                   std::string_view value) -> result<bool> {
    auto place = keys::parse_member(key);
    if (!place || place->kind != keys::part::segment)
      return true;
    auto item = decode_segment(record.id, place->first_seq, value);
    if (!item)
      return fail(std::move(item.error()));
    out.push_back(*std::move(item));
    return true;
  };
  auto done = scan(begin, keys::end_of(begin), sort_order::ascending, visit);
  if (!done)
    return fail(std::move(done.error()));
  return out;
}

result<stored_stream> record_reader::load_stream(const stream_id& id) const {
  auto record = get_stream(id);
  if (!record)
    return fail(std::move(record.error()));
  stored_stream out;
  out.record = *std::move(record);
  if (is_terminal(out.record.status)) {
    auto answer = get_message(out.record.conversation, out.record.message);
    if (!answer)
      return fail(std::move(answer.error()));
    out.answer = *std::move(answer);
    return out;
  }
  auto segments = segments_of(out.record);
  if (!segments)
    return fail(std::move(segments.error()));
  out.segments = *std::move(segments);
  return out;
}

result<std::vector<stream_record>> record_reader::open_streams() const {
  std::vector<stream_record> out;
  auto visit = [&](std::string_view key, std::string_view) -> result<bool> {
    auto id = keys::parse_open(key);
    if (!id)
      return true;
    auto record = get_stream(*id);
    if (!record)
      return fail(std::move(record.error()));
    out.push_back(*std::move(record));
    return true;
  };
  auto done = scan(std::string{keys::open_kind}, keys::end_of(keys::open_kind),
                   sort_order::ascending, visit);
  if (!done)
    return fail(std::move(done.error()));
  return out;
}

// -- claims and values -----------------------------------------------------

result<std::optional<idempotency_claim>>
record_reader::find_claim(std::string_view caller, std::string_view key) const {
  auto bytes = get(keys::claim(keys::digest_of(caller, key)));
  if (!bytes)
    return fail(std::move(bytes.error()));
  if (!*bytes)
    return std::nullopt;
  auto claim = decode_claim(**bytes);
  if (!claim)
    return fail(std::move(claim.error()));
  // Two names with one digest: nobody has found such a pair yet.
  if (claim->caller != caller || claim->key != key)
    return std::nullopt;
  return *std::move(claim);
}

result<std::optional<std::string>>
record_reader::get_meta(std::string_view name) const {
  return get(keys::meta(name));
}

// -- the database ----------------------------------------------------------

result<std::optional<std::string>>
record_reader::get(const std::string& key) const {
  std::string value;
  auto status = db_.Get(options_, key, &value);
  if (status.IsNotFound())
    return std::nullopt;
  if (!status.ok())
    return storage_error("read", status);
  return value;
}

result<void> record_reader::scan(
  const std::string& begin, const std::string& end, sort_order order,
  const std::function<result<bool>(std::string_view, std::string_view)>& visit)
  const {
  auto options = options_;
  rocksdb::Slice lower{begin};
  rocksdb::Slice upper{end};
  options.iterate_lower_bound = &lower;
  options.iterate_upper_bound = &upper;
  std::unique_ptr<rocksdb::Iterator> i{db_.NewIterator(options)};
  bool up = order == sort_order::ascending;
  for (up ? i->SeekToFirst() : i->SeekToLast(); i->Valid();
       up ? i->Next() : i->Prev()) {
    auto go_on = visit(i->key().ToStringView(), i->value().ToStringView());
    if (!go_on)
      return fail(std::move(go_on.error()));
    if (!*go_on)
      return {};
  }
  if (!i->status().ok())
    return storage_error("read", i->status());
  return {};
}

} // namespace parley::storage
