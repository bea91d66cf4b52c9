// The store's reads, each over one snapshot of the database.
//
// Lives for one call; the database must outlive it. Any thread.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <rocksdb/db.h>
#include <rocksdb/snapshot.h>

#include "storage/codec.hpp"
#include "storage/store.hpp"

namespace parley::storage {

class record_reader {
public:
  explicit record_reader(rocksdb::DB& db);

  // As store's functions of the same names.
  [[nodiscard]] result<conversation>
  get_conversation(const conversation_id& id) const;
  [[nodiscard]] result<page<conversation>>
  list_conversations(std::string_view cursor, std::size_t limit) const;
  [[nodiscard]] result<message> get_message(const conversation_id& conversation,
                                            const message_id& id) const;
  [[nodiscard]] result<page<message>>
  list_messages(const conversation_id& conversation, std::string_view cursor,
                std::size_t limit, sort_order order) const;
  [[nodiscard]] result<stream_record> get_stream(const stream_id& id) const;
  [[nodiscard]] result<stored_stream> load_stream(const stream_id& id) const;
  [[nodiscard]] result<std::vector<stream_record>> open_streams() const;
  [[nodiscard]] result<std::optional<idempotency_claim>>
  find_claim(std::string_view caller, std::string_view key) const;
  [[nodiscard]] result<std::optional<std::string>>
  get_meta(std::string_view name) const;

private:
  [[nodiscard]] result<std::optional<std::string>>
  get(const std::string& key) const;
  [[nodiscard]] result<std::optional<std::variant<stream_record, tombstone>>>
  find_stream(const stream_id& id) const;
  [[nodiscard]] result<std::vector<log_segment>>
  segments_of(const stream_record& record) const;
  // Puts in the text of the stream that writes the message, if one does.
  [[nodiscard]] result<void> complete(message& x) const;

  // From `begin` up to `end`, or the other way round; `visit` returns false to
  // stop. The end is not part of the range.
  [[nodiscard]] result<void>
  scan(const std::string& begin, const std::string& end, sort_order order,
       const std::function<result<bool>(std::string_view key,
                                        std::string_view value)>& visit) const;

  rocksdb::DB& db_;
  rocksdb::ManagedSnapshot snapshot_;
  rocksdb::ReadOptions options_;
};

} // namespace parley::storage
