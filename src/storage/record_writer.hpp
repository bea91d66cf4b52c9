// Turns mutations into one RocksDB batch and keeps every index exact.
//
// A mutation sees what those before it in the batch did. Nothing reaches the
// database until the owner commits `batch()`. One thread; the database must not
// change while a writer lives (the store has one writer at a time).
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <rocksdb/db.h>
#include <rocksdb/utilities/write_batch_with_index.h>

#include "storage/codec.hpp"
#include "storage/keys.hpp"
#include "storage/store.hpp"

namespace parley::storage {

// Where the records of open streams stand; what the store knows without asking
// the database, because every token asks.
using open_stream_map = std::unordered_map<stream_id, conversation_id>;

// What a batch consists of. Segments alone, the most frequent batch by far,
// need no index over what was written so far.
enum class batch_content { anything, segments };

class record_writer {
public:
  // `open` must outlive the writer.
  record_writer(rocksdb::DB& db, const open_stream_map& open,
                batch_content content);

  [[nodiscard]] result<void> apply(const mutation& change);

  // -- what the sweep does besides -----------------------------------------

  // Forgets the claim of that digest, where there is one.
  [[nodiscard]] result<void> erase_claim(const keys::claim_digest& digest);
  // Puts a tombstone in the place of a terminal stream.
  [[nodiscard]] result<void> expire(const stream_record& record);
  // Removes the last trace of an expired stream, its claims with it.
  [[nodiscard]] result<void> drop(const conversation_id& conversation,
                                  const stream_id& id, timestamp finished_at);

  // As written so far in this batch, else in the database.
  [[nodiscard]] result<std::optional<std::string>> get(const std::string& key);
  void erase(const std::string& key);

  // -- the outcome ---------------------------------------------------------

  [[nodiscard]] rocksdb::WriteBatch& batch() {
    return index_ ? *index_->GetWriteBatch() : plain_;
  }
  // Brings a map up to what is true once this is committed.
  void update(open_stream_map& open) const;
  // Conversations whose bytes should leave the disk once this is committed.
  [[nodiscard]] const std::vector<conversation_id>& erased() const noexcept {
    return erased_;
  }

private:
  result<void> put(const conversation& x);
  result<void> put(const message& x);
  result<void> put(const stream_record& x);
  result<void> put(const idempotency_claim& x);
  result<void> append(const log_segment& x);
  result<void> erase_segments_of(const conversation_id& conversation,
                                 const stream_id& stream);
  result<void> erase_all(const conversation_id& id);
  result<void> erase_stream(const conversation_id& conversation,
                            const stream_id& id, std::string_view value);
  result<void> erase_claims_of(const stream_id& stream);
  void unlist(const stream_id& id,
              const std::variant<stream_record, tombstone>& old);

  [[nodiscard]] const conversation_id* home_of_open(const stream_id& id) const;
  void open(const stream_id& id, const conversation_id& home);
  void close(const stream_id& id);

  void store(const std::string& key, std::string_view value);
  // Calls `visit` for each record under the prefix, in order, while the batch
  // stays as it is.
  result<void> scan(const std::string& prefix,
                    const std::function<void(std::string_view key,
                                             std::string_view value)>& visit);

  rocksdb::DB& db_;
  const open_stream_map& open_;
  // What this batch opens, and with nothing, closes.
  std::unordered_map<stream_id, std::optional<conversation_id>> changed_;
  std::optional<rocksdb::WriteBatchWithIndex> index_; // of `anything`
  rocksdb::WriteBatch plain_;                         // of `segments`
  std::vector<conversation_id> erased_;
};

} // namespace parley::storage
