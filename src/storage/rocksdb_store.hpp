// The store in RocksDB. What stands on disk: keys.hpp, codec.hpp and
// docs/storage_format.md.
//
// A write that fails stops the store for writing, because the log that RocksDB
// appends to can no longer be trusted; the failed batch is cut off that log at
// once (wal_guard.hpp). Reads go on. `probe` opens the database anew as soon as
// the disk has room, and writes work again.
#pragma once

#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string>

#include <rocksdb/db.h>

#include "storage/folder_lock.hpp"
#include "storage/purger.hpp"
#include "storage/record_writer.hpp"
#include "storage/store.hpp"
#include "storage/wal_guard.hpp"

namespace parley::storage {

struct rocksdb_settings {
  // How long after an erasure its bytes are compacted away.
  std::chrono::milliseconds purge_rest = std::chrono::seconds{5};
  // Below this the disk counts as full: what accepts and flushes need for the
  // seconds until somebody reads the alarm. A tiny record would still find a
  // place in blocks that are reserved already and prove nothing.
  std::uint64_t least_free_bytes = 1024 * 1024;
  // RocksDB's view of the system; for tests that break it. Null: the real one.
  rocksdb::Env* env = nullptr;
};

class rocksdb_store final : public store {
public:
  // Uses `data_dir`/store, /lock and /rocksdb.log, and for a moment /room. As
  // open_rocksdb_store.
  [[nodiscard]] static result<std::unique_ptr<rocksdb_store>>
  open(const std::string& data_dir, rocksdb_settings settings = {});

  ~rocksdb_store() override;

  result<void> write(std::span<const mutation> batch, sync_mode sync) override;
  result<std::size_t> sweep_expired(timestamp streams_before,
                                    timestamp claims_before,
                                    std::size_t max_items) override;
  result<void> probe() override;

  [[nodiscard]] result<conversation>
  get_conversation(const conversation_id& id) const override;
  [[nodiscard]] result<page<conversation>>
  list_conversations(std::string_view cursor, std::size_t limit) const override;
  [[nodiscard]] result<message>
  get_message(const conversation_id& conversation,
              const message_id& id) const override;
  [[nodiscard]] result<page<message>>
  list_messages(const conversation_id& conversation, std::string_view cursor,
                std::size_t limit, sort_order order) const override;
  [[nodiscard]] result<stream_record>
  get_stream(const stream_id& id) const override;
  [[nodiscard]] result<stored_stream>
  load_stream(const stream_id& id) const override;
  [[nodiscard]] result<std::vector<stream_record>>
  open_streams() const override;
  [[nodiscard]] result<std::optional<idempotency_claim>>
  find_claim(std::string_view caller, std::string_view key) const override;
  [[nodiscard]] result<std::optional<std::string>>
  get_meta(std::string_view name) const override;
  result<void> put_meta(std::string_view name, std::string_view value) override;

  // Compacts everything now, so that nothing erased is left in any file. Blocks
  // for as long as that takes. Not while another thread writes.
  result<void> compact();

private:
  // Why the store takes no writes, and what the failed one may have left.
  struct failure {
    error what;
    wal_guard log;
  };

  rocksdb_store(std::string data_dir, rocksdb_settings settings,
                std::unique_ptr<folder_lock> lock);

  // Preconditions of these: `writer_` is held.
  result<void> open_database();
  void close_database();
  // Whether there is room to open the database.
  [[nodiscard]] result<void> prove_room_to_open() const;
  result<void> reopen();
  result<void> commit(rocksdb::WriteBatch& batch, sync_mode sync);
  result<void> write_probe();

  template <class F>
  auto read(F call) const;

  const std::string data_dir_;
  const std::string folder_; // the database's
  const rocksdb_settings settings_;
  const std::unique_ptr<folder_lock> lock_;
  const std::shared_ptr<rocksdb::Logger> info_log_;

  // Held by whoever writes. Uncontended: the store has one writer.
  std::mutex writer_;
  std::optional<failure> failure_; // under `writer_`
  open_stream_map open_streams_;   // under `writer_`

  // Shared by readers, held alone while the database is closed and opened. A
  // reader passes the turnstile first: whoever waits to be alone stands in it,
  // so that readers who come and go cannot keep him waiting for ever.
  mutable std::mutex turnstile_;
  mutable std::shared_mutex database_;
  std::unique_ptr<rocksdb::DB> db_; // null after an opening that failed
  std::unique_ptr<purger> purger_;  // null when `db_` is
};

} // namespace parley::storage
