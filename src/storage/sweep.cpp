#include "storage/sweep.hpp"

#include <functional>
#include <memory>
#include <utility>

#include "storage/rocksdb_status.hpp"
#include "storage/rules.hpp"

namespace parley::storage {

namespace {

// Whether an index entry led to something that was removed. One that leads
// nowhere (its record was damaged once) is removed, but counts for nothing.
enum class outcome { removed, stray };

class sweeper {
public:
  sweeper(rocksdb::DB& db, record_writer& out, std::size_t max_items)
    : db_(db), out_(out), left_(max_items) {
  }

  result<void> claims(timestamp before);
  result<void> streams(timestamp before);
  result<void> tombstones(timestamp before);

  [[nodiscard]] std::size_t removed() const noexcept {
    return removed_;
  }

private:
  // Calls `remove` for the entries of an index that are older than `before`.
  result<void>
  each(std::string_view kind, timestamp before,
       const std::function<result<outcome>(std::string_view key)>& remove);
  // The stream that an entry of a timed index names, if it is still that old.
  result<std::optional<std::variant<stream_record, tombstone>>>
  load(const keys::timed<stream_id>& place, conversation_id& home);

  rocksdb::DB& db_;
  record_writer& out_;
  std::size_t left_;
  std::size_t removed_ = 0;
};

result<void> sweeper::each(
  std::string_view kind, timestamp before,
  const std::function<result<outcome>(std::string_view key)>& remove) {
  auto end = keys::before(kind, before);
  rocksdb::Slice bound{end};
  rocksdb::ReadOptions options;
  options.iterate_upper_bound = &bound;
  std::unique_ptr<rocksdb::Iterator> i{db_.NewIterator(options)};
  for (i->Seek(rocksdb::Slice{kind.data(), kind.size()});
       i->Valid() && left_ > 0; i->Next()) {
    auto what = remove(i->key().ToStringView());
    if (!what)
      return fail(std::move(what.error()));
    // The entry itself, whether or not `remove` did it: it must not stand in
    // the way of the next sweep.
    out_.erase(i->key().ToString());
    --left_;
    if (*what == outcome::removed)
      ++removed_;
  }
  if (!i->status().ok())
    return storage_error("read", i->status());
  return {};
}

result<void> sweeper::claims(timestamp before) {
  return each(keys::claim_age_kind, before,
              [this](std::string_view key) -> result<outcome> {
                auto place = keys::parse_claim_age(key);
                if (!place)
                  return outcome::stray;
                auto bytes = out_.get(keys::claim(place->id));
                if (!bytes)
                  return fail(std::move(bytes.error()));
                if (!*bytes)
                  return outcome::stray;
                auto claim = decode_claim(**bytes);
                if (claim && claim->created_at != place->when)
                  return outcome::stray;
                if (auto done = out_.erase_claim(place->id); !done)
                  return fail(std::move(done.error()));
                return outcome::removed;
              });
}

result<std::optional<std::variant<stream_record, tombstone>>>
sweeper::load(const keys::timed<stream_id>& place, conversation_id& home) {
  auto where = out_.get(keys::home(place.id));
  if (!where)
    return fail(std::move(where.error()));
  auto conversation = *where ? keys::parse_home(**where) : std::nullopt;
  if (!conversation)
    return std::nullopt;
  home = *std::move(conversation);
  auto bytes = out_.get(keys::stream(home, place.id));
  if (!bytes)
    return fail(std::move(bytes.error()));
  if (!*bytes)
    return std::nullopt;
  auto found = decode_stream(home, place.id, **bytes);
  // A damaged record is left for `get_stream` to report.
  if (!found)
    return std::nullopt;
  return *std::move(found);
}

result<void> sweeper::streams(timestamp before) {
  return each(keys::finished_kind, before,
              [this](std::string_view key) -> result<outcome> {
                auto place = keys::parse_timed_stream(key);
                if (!place)
                  return outcome::stray;
                conversation_id home;
                auto found = load(*place, home);
                if (!found)
                  return fail(std::move(found.error()));
                const auto* record =
                  *found ? std::get_if<stream_record>(&**found) : nullptr;
                if (!record || !is_terminal(record->status)
                    || record->finished_at != place->when)
                  return outcome::stray;
                if (auto done = out_.expire(*record); !done)
                  return fail(std::move(done.error()));
                return outcome::removed;
              });
}

result<void> sweeper::tombstones(timestamp before) {
  return each(keys::tombstone_kind, before,
              [this](std::string_view key) -> result<outcome> {
                auto place = keys::parse_timed_stream(key);
                if (!place)
                  return outcome::stray;
                conversation_id home;
                auto found = load(*place, home);
                if (!found)
                  return fail(std::move(found.error()));
                const auto* gone =
                  *found ? std::get_if<tombstone>(&**found) : nullptr;
                if (!gone || gone->finished_at != place->when)
                  return outcome::stray;
                auto done = out_.drop(home, place->id, place->when);
                if (!done)
                  return fail(std::move(done.error()));
                return outcome::removed;
              });
}

} // namespace

result<std::size_t> sweep(rocksdb::DB& db, record_writer& out,
                          timestamp streams_before, timestamp claims_before,
                          std::size_t max_items) {
  sweeper work{db, out, max_items};
  if (auto done = work.claims(claims_before); !done)
    return fail(std::move(done.error()));
  if (auto done = work.streams(streams_before); !done)
    return fail(std::move(done.error()));
  auto horizon = tombstone_horizon(streams_before, claims_before);
  if (auto done = work.tombstones(horizon); !done)
    return fail(std::move(done.error()));
  return work.removed();
}

} // namespace parley::storage
