// A store that fails when a test says so, and tells what is written to it.
//
// Runs on the deterministic scheduler's one thread.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "storage/open.hpp"
#include "storage/store.hpp"

namespace parley::tests {

// -- what a batch is ----------------------------------------------------------

using batch = std::span<const storage::mutation>;

template <class Mutation>
[[nodiscard]] std::size_t count_of(batch writes) {
  std::size_t sum = 0;
  for (const auto& one : writes)
    sum += std::holds_alternative<Mutation>(one) ? 1 : 0;
  return sum;
}

// It stores a stream that begins.
[[nodiscard]] bool is_accept(batch writes);
// It stores a stream's end.
[[nodiscard]] bool is_finish(batch writes);
[[nodiscard]] bool is_append(batch writes);

// -- the store ----------------------------------------------------------------

class faulty_store final : public storage::store {
public:
  // A disk without room: all writes and probes fail.
  bool full = false;
  // Every read fails.
  bool unreadable = false;
  // Fails the writes that it is true for; probes succeed.
  std::function<bool(batch)> fail_if;
  // Called while a write is under way, before it can be read. May run other
  // actors: a slow disk.
  std::function<void(batch)> during_write;

  // Of all writes that succeeded.
  std::vector<std::vector<storage::mutation>> written;
  std::vector<storage::sync_mode> syncs;
  std::size_t failures = 0;

  [[nodiscard]] storage::store& inner() noexcept {
    return *inner_;
  }
  // How many writes the predicate was true for.
  [[nodiscard]] std::size_t count(bool (*what)(batch)) const;
  // Forgets what was written.
  void forget();

  // -- storage::store ---------------------------------------------------------

  result<void> write(batch writes, storage::sync_mode sync) override;
  result<std::size_t> sweep_expired(timestamp streams_before,
                                    timestamp claims_before,
                                    std::size_t max_items) override;
  result<void> probe() override;
  result<conversation>
  get_conversation(const conversation_id& id) const override;
  result<storage::page<conversation>>
  list_conversations(std::string_view cursor, std::size_t limit) const override;
  result<message> get_message(const conversation_id& conversation,
                              const message_id& id) const override;
  result<storage::page<message>>
  list_messages(const conversation_id& conversation, std::string_view cursor,
                std::size_t limit, storage::sort_order order) const override;
  result<stream_record> get_stream(const stream_id& id) const override;
  result<storage::stored_stream>
  load_stream(const stream_id& id) const override;
  result<std::vector<stream_record>> open_streams() const override;
  result<std::optional<storage::idempotency_claim>>
  find_claim(std::string_view caller, std::string_view key) const override;
  result<std::optional<std::string>>
  get_meta(std::string_view name) const override;
  result<void> put_meta(std::string_view name, std::string_view value) override;

private:
  std::unique_ptr<storage::store> inner_ = storage::make_memory_store();
};

} // namespace parley::tests
