#include "tests/actors/support/faulty_store.hpp"

#include <algorithm>

namespace parley::tests {

using namespace storage;

namespace {

tl::unexpected<error> broken(std::string_view what) {
  return fail(errc::storage_failed, "the test broke " + std::string{what});
}

bool has_stream(batch writes, bool terminal) {
  return std::any_of(writes.begin(), writes.end(), [&](const mutation& one) {
    auto* put = std::get_if<put_stream>(&one);
    return put != nullptr && is_terminal(put->value.status) == terminal;
  });
}

} // namespace

bool is_accept(batch writes) {
  return has_stream(writes, false);
}

bool is_finish(batch writes) {
  return has_stream(writes, true);
}

bool is_append(batch writes) {
  return count_of<append_segment>(writes) > 0;
}

std::size_t faulty_store::count(bool (*what)(batch)) const {
  return static_cast<std::size_t>(
    std::count_if(written.begin(), written.end(),
                  [what](const auto& one) { return what(batch{one}); }));
}

void faulty_store::forget() {
  written.clear();
  syncs.clear();
}

// -- writing ------------------------------------------------------------------

result<void> faulty_store::write(batch writes, sync_mode sync) {
  if (during_write)
    during_write(writes);
  if (full || (fail_if && fail_if(writes))) {
    ++failures;
    return broken("writes");
  }
  auto done = inner_->write(writes, sync);
  if (done) {
    written.emplace_back(writes.begin(), writes.end());
    syncs.push_back(sync);
  }
  return done;
}

result<std::size_t> faulty_store::sweep_expired(timestamp streams_before,
                                                timestamp claims_before,
                                                std::size_t max_items) {
  if (full)
    return broken("sweeps");
  return inner_->sweep_expired(streams_before, claims_before, max_items);
}

result<void> faulty_store::probe() {
  if (full)
    return broken("probes");
  return inner_->probe();
}

// -- reading ------------------------------------------------------------------

result<conversation>
faulty_store::get_conversation(const conversation_id& id) const {
  if (unreadable)
    return broken("reads");
  return inner_->get_conversation(id);
}

result<page<conversation>>
faulty_store::list_conversations(std::string_view cursor,
                                 std::size_t limit) const {
  if (unreadable)
    return broken("reads");
  return inner_->list_conversations(cursor, limit);
}

result<message> faulty_store::get_message(const conversation_id& conversation,
                                          const message_id& id) const {
  if (unreadable)
    return broken("reads");
  return inner_->get_message(conversation, id);
}

result<page<message>>
faulty_store::list_messages(const conversation_id& conversation,
                            std::string_view cursor, std::size_t limit,
                            sort_order order) const {
  if (unreadable)
    return broken("reads");
  return inner_->list_messages(conversation, cursor, limit, order);
}

result<stream_record> faulty_store::get_stream(const stream_id& id) const {
  if (unreadable)
    return broken("reads");
  return inner_->get_stream(id);
}

result<stored_stream> faulty_store::load_stream(const stream_id& id) const {
  if (unreadable)
    return broken("reads");
  return inner_->load_stream(id);
}

result<std::vector<stream_record>> faulty_store::open_streams() const {
  if (unreadable)
    return broken("reads");
  return inner_->open_streams();
}

result<std::optional<idempotency_claim>>
faulty_store::find_claim(std::string_view caller, std::string_view key) const {
  if (unreadable)
    return broken("reads");
  return inner_->find_claim(caller, key);
}

result<std::optional<std::string>>
faulty_store::get_meta(std::string_view name) const {
  return inner_->get_meta(name);
}

result<void> faulty_store::put_meta(std::string_view name,
                                    std::string_view value) {
  return inner_->put_meta(name, value);
}

} // namespace parley::tests
