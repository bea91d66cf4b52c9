#include "storage/rocksdb_store.hpp"

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

#include "storage/disk_room.hpp"
#include "storage/info_log.hpp"
#include "storage/keys.hpp"
#include "storage/open.hpp"
#include "storage/record_reader.hpp"
#include "storage/rocksdb_options.hpp"
#include "storage/rocksdb_status.hpp"
#include "storage/schema.hpp"
#include "storage/sweep.hpp"

namespace parley::storage {

namespace {

rocksdb::Slice slice_of(std::string_view text) {
  return {text.data(), text.size()};
}

// What an earlier process had still to take off the disk.
std::vector<conversation_id> pending_purges(rocksdb::DB& db) {
  std::vector<conversation_id> ids;
  std::unique_ptr<rocksdb::Iterator> i{db.NewIterator(rocksdb::ReadOptions{})};
  auto kind = slice_of(keys::purge_kind);
  for (i->Seek(kind); i->Valid() && i->key().starts_with(kind); i->Next()) {
    if (auto id = keys::parse_purge(i->key().ToStringView()))
      ids.push_back(*std::move(id));
  }
  return ids;
}

open_stream_map load_open_streams(rocksdb::DB& db) {
  open_stream_map open;
  std::unique_ptr<rocksdb::Iterator> i{db.NewIterator(rocksdb::ReadOptions{})};
  auto kind = slice_of(keys::open_kind);
  for (i->Seek(kind); i->Valid() && i->key().starts_with(kind); i->Next()) {
    auto id = keys::parse_open(i->key().ToStringView());
    auto home = keys::parse_home(i->value().ToStringView());
    if (id && home)
      open.insert_or_assign(*std::move(id), *std::move(home));
  }
  return open;
}

batch_content content_of(std::span<const mutation> batch) {
  auto is_segment = [](const mutation& change) {
    return std::holds_alternative<append_segment>(change);
  };
  return std::all_of(batch.begin(), batch.end(), is_segment)
           ? batch_content::segments
           : batch_content::anything;
}

// The length of RocksDB's logs, which opening may have to write out as tables.
std::uint64_t log_bytes(const std::string& folder) {
  std::uint64_t sum = 0;
  std::error_code failed;
  for (const auto& entry :
       std::filesystem::directory_iterator{folder, failed}) {
    if (entry.path().extension() != ".log")
      continue;
    if (auto size = entry.file_size(failed); !failed)
      sum += size;
  }
  return sum;
}

} // namespace

// -- opening and closing ---------------------------------------------------

rocksdb_store::rocksdb_store(std::string data_dir, rocksdb_settings settings,
                             std::unique_ptr<folder_lock> lock)
  : data_dir_(std::move(data_dir)),
    folder_(data_dir_ + "/store"),
    settings_(settings),
    lock_(std::move(lock)),
    info_log_(std::make_shared<info_log>(data_dir_ + "/rocksdb.log")) {
  // nop
}

result<std::unique_ptr<rocksdb_store>>
rocksdb_store::open(const std::string& data_dir, rocksdb_settings settings) {
  auto lock = folder_lock::acquire(data_dir);
  if (!lock)
    return fail(std::move(lock.error()));
  std::unique_ptr<rocksdb_store> out{
    new rocksdb_store{data_dir, settings, *std::move(lock)}};
  std::unique_lock guard{out->writer_};
  if (auto room = out->prove_room_to_open(); !room)
    return fail(errc::storage_failed, "The data folder " + data_dir
                                        + " cannot be used. "
                                        + room.error().detail);
  if (auto done = out->open_database(); !done)
    return fail(std::move(done.error()));
  guard.unlock();
  return out;
}

result<std::unique_ptr<store>> open_rocksdb_store(const std::string& data_dir) {
  auto out = rocksdb_store::open(data_dir);
  if (!out)
    return fail(std::move(out.error()));
  return *std::move(out);
}

rocksdb_store::~rocksdb_store() {
  std::unique_lock guard{writer_};
  close_database();
}

result<void> rocksdb_store::open_database() {
  auto options = make_rocksdb_options();
  options.info_log = info_log_;
  if (settings_.env)
    options.env = settings_.env;
  rocksdb::DB* db = nullptr;
  auto status = rocksdb::DB::Open(options, folder_, &db);
  if (!status.ok())
    return storage_error("open its database in " + folder_, status);
  std::unique_ptr<rocksdb::DB> owner{db};
  if (auto done = ensure_schema(*db); !done)
    return done;
  db_ = std::move(owner);
  open_streams_ = load_open_streams(*db_);
  purger_ =
    std::make_unique<purger>(*db_, pending_purges(*db_), settings_.purge_rest);
  return {};
}

result<void> rocksdb_store::prove_room_to_open() const {
  auto needed = settings_.least_free_bytes;
  // Below a memtable's worth nothing is written out; a record takes more room
  // in a memtable than in a log, but not twice as much.
  if (auto logs = log_bytes(folder_); logs > memtable_bytes / 2)
    needed += logs;
  return prove_room(data_dir_, needed);
}

void rocksdb_store::close_database() {
  purger_.reset();
  if (db_) [[maybe_unused]]
    auto status = db_->Close();
  db_.reset();
  // Closing may have flushed what a log file still had in its buffer.
  if (failure_) [[maybe_unused]]
    auto done = failure_->log.cut_back();
}

result<void> rocksdb_store::reopen() {
  std::unique_lock turn{turnstile_};
  std::unique_lock guard{database_};
  turn.unlock();
  close_database();
  auto done = open_database();
  if (!done) {
    failure_ = failure{done.error(), failure_ ? failure_->log : wal_guard{}};
    return done;
  }
  failure_.reset();
  return {};
}

// -- writing ---------------------------------------------------------------

result<void> rocksdb_store::write(std::span<const mutation> batch,
                                  sync_mode sync) {
  std::unique_lock guard{writer_};
  if (failure_)
    return fail(failure_->what);
  record_writer out{*db_, open_streams_, content_of(batch)};
  for (const auto& change : batch) {
    if (auto done = out.apply(change); !done)
      return done;
  }
  for (const auto& id : purger_->take_done())
    out.erase(keys::purge(id));
  if (auto done = commit(out.batch(), sync); !done)
    return done;
  out.update(open_streams_);
  purger_->request(out.erased());
  return {};
}

result<void> rocksdb_store::commit(rocksdb::WriteBatch& batch, sync_mode sync) {
  wal_guard log{*db_};
  rocksdb::WriteOptions options;
  options.sync = sync == sync_mode::disk;
  auto status = db_->Write(options, &batch);
  if (status.ok())
    return {};
  rocksdb::Error(info_log_, "write failed: %s", status.ToString().c_str());
  auto what = storage_error("write", status).value();
  // Where this does not work either, the next attempt is at closing.
  [[maybe_unused]] auto done = log.cut_back();
  failure_ = failure{what, log};
  return fail(std::move(what));
}

result<std::size_t> rocksdb_store::sweep_expired(timestamp streams_before,
                                                 timestamp claims_before,
                                                 std::size_t max_items) {
  std::unique_lock guard{writer_};
  if (failure_)
    return fail(failure_->what);
  record_writer out{*db_, open_streams_, batch_content::anything};
  auto removed = sweep(*db_, out, streams_before, claims_before, max_items);
  if (!removed || out.batch().Count() == 0)
    return removed;
  if (auto done = commit(out.batch(), sync_mode::none); !done)
    return fail(std::move(done.error()));
  return removed;
}

result<void> rocksdb_store::put_meta(std::string_view name,
                                     std::string_view value) {
  std::unique_lock guard{writer_};
  if (failure_)
    return fail(failure_->what);
  rocksdb::WriteBatch batch;
  auto status = batch.Put(keys::meta(name), slice_of(value));
  if (!status.ok())
    return storage_error("write", status);
  return commit(batch, sync_mode::disk);
}

// -- probing ---------------------------------------------------------------

result<void> rocksdb_store::write_probe() {
  rocksdb::WriteBatch batch;
  auto status = batch.Put(slice_of(keys::probe), rocksdb::Slice{});
  if (!status.ok())
    return storage_error("write", status);
  return commit(batch, sync_mode::disk);
}

result<void> rocksdb_store::probe() {
  std::unique_lock guard{writer_};
  if (auto room = check_free_space(data_dir_, settings_.least_free_bytes);
      !room)
    return room;
  if (!failure_) {
    // RocksDB counts the flushes and compactions that failed; after one it may
    // take writes for a while and compact no more.
    std::uint64_t errors = 0;
    db_->GetIntProperty(rocksdb::DB::Properties::kBackgroundErrors, &errors);
    if (errors == 0) {
      if (auto done = write_probe(); done)
        return done;
    }
  }
  // Closing with no room to open again would take the reads away too.
  if (auto room = prove_room_to_open(); !room)
    return room;
  if (auto done = reopen(); !done)
    return done;
  return write_probe();
}

// -- reading ---------------------------------------------------------------

template <class F>
auto rocksdb_store::read(F call) const {
  std::unique_lock turn{turnstile_};
  std::shared_lock guard{database_};
  turn.unlock();
  using answer = decltype(call(std::declval<const record_reader&>()));
  if (!db_)
    return answer{fail(errc::storage_failed,
                       "The store could not be opened again after a failure.")};
  return call(record_reader{*db_});
}

result<conversation>
rocksdb_store::get_conversation(const conversation_id& id) const {
  return read([&](const auto& from) { return from.get_conversation(id); });
}

result<page<conversation>>
rocksdb_store::list_conversations(std::string_view cursor,
                                  std::size_t limit) const {
  return read(
    [&](const auto& from) { return from.list_conversations(cursor, limit); });
}

result<message> rocksdb_store::get_message(const conversation_id& conversation,
                                           const message_id& id) const {
  return read(
    [&](const auto& from) { return from.get_message(conversation, id); });
}

result<page<message>>
rocksdb_store::list_messages(const conversation_id& conversation,
                             std::string_view cursor, std::size_t limit,
                             sort_order order) const {
  return read([&](const auto& from) {
    return from.list_messages(conversation, cursor, limit, order);
  });
}

result<stream_record> rocksdb_store::get_stream(const stream_id& id) const {
  return read([&](const auto& from) { return from.get_stream(id); });
}

result<stored_stream> rocksdb_store::load_stream(const stream_id& id) const {
  return read([&](const auto& from) { return from.load_stream(id); });
}

result<std::vector<stream_record>> rocksdb_store::open_streams() const {
  return read([](const auto& from) { return from.open_streams(); });
}

result<std::optional<idempotency_claim>>
rocksdb_store::find_claim(std::string_view caller, std::string_view key) const {
  return read([&](const auto& from) { return from.find_claim(caller, key); });
}

result<std::optional<std::string>>
rocksdb_store::get_meta(std::string_view name) const {
  return read([&](const auto& from) { return from.get_meta(name); });
}

// -- upkeep ----------------------------------------------------------------

result<void> rocksdb_store::compact() {
  rocksdb::CompactRangeOptions options;
  options.bottommost_level_compaction =
    rocksdb::BottommostLevelCompaction::kForce;
  std::shared_lock guard{database_};
  if (!db_)
    return fail(errc::storage_failed, "The store is closed.");
  auto status = db_->CompactRange(options, nullptr, nullptr);
  if (!status.ok())
    return storage_error("compact", status);
  return {};
}

} // namespace parley::storage
