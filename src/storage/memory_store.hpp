// A store in memory: for tests, and the measure that rocksdb_store is held
// against. It shares the rules (rules.hpp, cursor.hpp) with it and nothing
// else: plain maps, no keys, no encoding.
#pragma once

#include <map>
#include <set>
#include <shared_mutex>
#include <string>
#include <utility>

#include "storage/codec.hpp"
#include "storage/store.hpp"

namespace parley::storage {

class memory_store final : public store {
public:
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

private:
  using claim_name = std::pair<std::string, std::string>; // caller, key
  struct expired_stream {
    conversation_id conversation;
    tombstone what;
  };

  void apply(const put_conversation& x);
  void apply(const put_message& x);
  void apply(const put_stream& x);
  void apply(const put_claim& x);
  void apply(const append_segment& x);
  void apply(const erase_segments& x);
  void apply(const erase_conversation& x);

  void erase_claims_of(const stream_id& stream);

  // Preconditions of these: the lock is held.
  [[nodiscard]] result<stream_record> find_stream(const stream_id& id) const;
  [[nodiscard]] std::vector<log_segment>
  segments_of(const stream_id& stream) const;
  [[nodiscard]] message as_read(const message& stored) const;

  mutable std::shared_mutex mutex_;
  std::map<conversation_id, conversation> conversations_;
  std::map<std::pair<conversation_id, message_id>, message> messages_;
  std::map<stream_id, stream_record> streams_;
  std::map<stream_id, expired_stream> expired_;
  std::map<std::pair<stream_id, seq_t>, log_segment> segments_;
  std::map<claim_name, idempotency_claim> claims_;
  std::map<std::string, std::string, std::less<>> meta_;
};

} // namespace parley::storage
