#include "storage/record_writer.hpp"

#include <cassert>
#include <memory>
#include <utility>

#include "storage/rocksdb_status.hpp"

namespace parley::storage {

namespace {

template <class... Fs>
struct overloaded : Fs... {
  using Fs::operator()...;
};
template <class... Fs>
overloaded(Fs...) -> overloaded<Fs...>;

} // namespace

record_writer::record_writer(rocksdb::DB& db, const open_stream_map& open,
                             batch_content content)
  : db_(db), open_(open) {
  // `overwrite_key`: one entry per key, which iteration over batch and
  // database together relies on.
  if (content == batch_content::anything)
    index_.emplace(rocksdb::BytewiseComparator(), 0, true);
}

result<void> record_writer::apply(const mutation& change) {
  return std::visit(
    overloaded{
      [this](const put_conversation& x) { return put(x.value); },
      [this](const put_message& x) { return put(x.value); },
      [this](const put_stream& x) { return put(x.value); },
      [this](const put_claim& x) { return put(x.value); },
      [this](const append_segment& x) { return append(x.value); },
      [this](const erase_segments& x) -> result<void> {
        auto home = get(keys::home(x.stream));
        if (!home)
          return fail(std::move(home.error()));
        if (!*home)
          return {};
        auto conversation = keys::parse_home(**home);
        if (!conversation)
          return {};
        return erase_segments_of(*conversation, x.stream);
      },
      [this](const erase_conversation& x) { return erase_all(x.id); },
    },
    change);
}

// -- conversations and messages --------------------------------------------

result<void> record_writer::put(const conversation& x) {
  assert(!x.id.empty());
  auto key = keys::record(x.id);
  auto old = get(key);
  if (!old)
    return fail(std::move(old.error()));
  if (*old) {
    // A damaged record is replaced; lists skip the place it leaves behind.
    auto before = decode_conversation(x.id, **old);
    if (before && before->updated_at != x.updated_at)
      erase(keys::activity(before->updated_at, x.id));
  }
  store(key, encode(x));
  store(keys::activity(x.updated_at, x.id), {});
  return {};
}

result<void> record_writer::put(const message& x) {
  assert(!x.id.empty() && !x.conversation.empty());
  store(keys::message(x.conversation, x.id), encode(x));
  return {};
}

// -- streams ---------------------------------------------------------------

void record_writer::unlist(const stream_id& id,
                           const std::variant<stream_record, tombstone>& old) {
  if (const auto* gone = std::get_if<tombstone>(&old))
    erase(keys::tombstone(gone->finished_at, id));
  else if (const auto& record = std::get<stream_record>(old);
           is_terminal(record.status))
    erase(keys::finished(record.finished_at, id));
  else
    close(id);
}

result<void> record_writer::put(const stream_record& x) {
  assert(!x.id.empty() && !x.conversation.empty());
  auto key = keys::stream(x.conversation, x.id);
  auto old = get(key);
  if (!old)
    return fail(std::move(old.error()));
  if (!*old)
    store(keys::home(x.id), keys::home_value(x.conversation));
  else if (auto before = decode_stream(x.conversation, x.id, **old))
    unlist(x.id, *before);
  else
    close(x.id); // damaged; the sweep skips its other places
  store(key, encode(x));
  if (is_terminal(x.status))
    store(keys::finished(x.finished_at, x.id), {});
  else
    open(x.id, x.conversation);
  return {};
}

result<void> record_writer::append(const log_segment& x) {
  // Of a stream that is not open: see append_segment.
  if (const auto* conversation = home_of_open(x.stream))
    store(keys::segment(*conversation, x.stream, x.first_seq), encode(x));
  return {};
}

result<void>
record_writer::erase_segments_of(const conversation_id& conversation,
                                 const stream_id& stream) {
  std::vector<std::string> found;
  auto scanned = scan(keys::segments_of(conversation, stream),
                      [&found](std::string_view key, std::string_view) {
                        found.emplace_back(key);
                      });
  for (const auto& key : found)
    erase(key);
  return scanned;
}

result<void> record_writer::expire(const stream_record& record) {
  if (auto done = erase_segments_of(record.conversation, record.id); !done)
    return done;
  erase(keys::finished(record.finished_at, record.id));
  store(keys::stream(record.conversation, record.id),
        encode(tombstone{record.message, record.finished_at}));
  store(keys::tombstone(record.finished_at, record.id), {});
  return {};
}

result<void> record_writer::drop(const conversation_id& conversation,
                                 const stream_id& id, timestamp finished_at) {
  erase(keys::stream(conversation, id));
  erase(keys::tombstone(finished_at, id));
  erase(keys::home(id));
  return erase_claims_of(id);
}

// -- which streams are open ------------------------------------------------

const conversation_id* record_writer::home_of_open(const stream_id& id) const {
  if (auto i = changed_.find(id); i != changed_.end())
    return i->second ? &*i->second : nullptr;
  auto i = open_.find(id);
  return i != open_.end() ? &i->second : nullptr;
}

void record_writer::open(const stream_id& id, const conversation_id& home) {
  store(keys::open(id), keys::home_value(home));
  changed_.insert_or_assign(id, home);
}

void record_writer::close(const stream_id& id) {
  erase(keys::open(id));
  changed_.insert_or_assign(id, std::nullopt);
}

void record_writer::update(open_stream_map& open) const {
  for (const auto& [id, home] : changed_) {
    if (home)
      open.insert_or_assign(id, *home);
    else
      open.erase(id);
  }
}

// -- claims ----------------------------------------------------------------

result<void> record_writer::put(const idempotency_claim& x) {
  assert(!x.stream.empty());
  auto digest = keys::digest_of(x.caller, x.key);
  if (auto done = erase_claim(digest); !done)
    return done;
  store(keys::claim(digest), encode(x));
  store(keys::claim_of(x.stream, digest), {});
  store(keys::claim_age(x.created_at, digest), {});
  return {};
}

result<void> record_writer::erase_claim(const keys::claim_digest& digest) {
  auto key = keys::claim(digest);
  auto old = get(key);
  if (!old)
    return fail(std::move(old.error()));
  if (!*old)
    return {};
  erase(key);
  // The index entries of a damaged claim stay; the sweep drops them.
  if (auto before = decode_claim(**old)) {
    erase(keys::claim_of(before->stream, digest));
    erase(keys::claim_age(before->created_at, digest));
  }
  return {};
}

result<void> record_writer::erase_claims_of(const stream_id& stream) {
  std::vector<keys::claim_digest> found;
  auto scanned = scan(keys::claims_of(stream),
                      [&found](std::string_view key, std::string_view) {
                        if (auto digest = keys::parse_claim_of(key))
                          found.push_back(*digest);
                      });
  for (const auto& digest : found) {
    if (auto done = erase_claim(digest); !done)
      return done;
    erase(keys::claim_of(stream, digest));
  }
  return scanned;
}

// -- erasing a conversation ------------------------------------------------

result<void> record_writer::erase_stream(const conversation_id& conversation,
                                         const stream_id& id,
                                         std::string_view value) {
  erase(keys::home(id));
  if (auto old = decode_stream(conversation, id, value))
    unlist(id, *old);
  else
    close(id);
  return erase_claims_of(id);
}

result<void> record_writer::erase_all(const conversation_id& id) {
  // The empty id's prefix is that of all conversations.
  assert(!id.empty());
  if (id.empty())
    return {};
  std::vector<std::string> found;
  std::vector<std::pair<stream_id, std::string>> streams;
  auto scanned =
    scan(keys::all_of(id), [&](std::string_view key, std::string_view value) {
      found.emplace_back(key);
      auto member = keys::parse_member(key);
      if (!member)
        return;
      if (member->kind == keys::part::stream)
        streams.emplace_back(std::move(member->stream), value);
      if (member->kind == keys::part::record)
        if (auto old = decode_conversation(id, value))
          found.push_back(keys::activity(old->updated_at, id));
    });
  if (!scanned || found.empty())
    return scanned;
  for (const auto& [stream, value] : streams) {
    if (auto done = erase_stream(id, stream, value); !done)
      return done;
  }
  for (const auto& key : found)
    erase(key);
  store(keys::purge(id), {});
  erased_.push_back(id);
  return {};
}

// -- the batch -------------------------------------------------------------

result<std::optional<std::string>> record_writer::get(const std::string& key) {
  assert(index_);
  std::string value;
  auto status =
    index_->GetFromBatchAndDB(&db_, rocksdb::ReadOptions{}, key, &value);
  if (status.IsNotFound())
    return std::nullopt;
  if (!status.ok())
    return storage_error("read", status);
  return value;
}

void record_writer::store(const std::string& key, std::string_view value) {
  rocksdb::Slice slice{value.data(), value.size()};
  [[maybe_unused]] auto status =
    index_ ? index_->Put(key, slice) : plain_.Put(key, slice);
  assert(status.ok());
}

void record_writer::erase(const std::string& key) {
  [[maybe_unused]] auto status =
    index_ ? index_->Delete(key) : plain_.Delete(key);
  assert(status.ok());
}

result<void> record_writer::scan(
  const std::string& prefix,
  const std::function<void(std::string_view, std::string_view)>& visit) {
  std::unique_ptr<rocksdb::Iterator> i{
    index_->NewIteratorWithBase(db_.NewIterator(rocksdb::ReadOptions{}))};
  for (i->Seek(prefix); i->Valid() && i->key().starts_with(prefix); i->Next())
    visit(i->key().ToStringView(), i->value().ToStringView());
  if (!i->status().ok())
    return storage_error("read", i->status());
  return {};
}

} // namespace parley::storage
