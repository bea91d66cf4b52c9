#include "actors/recovery.hpp"

#include <utility>
#include <vector>

#include "actors/stream_outcome.hpp"

namespace parley::actors {

namespace {

result<void> close_one(storage::store& store, const stream_record& open,
                       timestamp now) {
  auto left = store.load_stream(open.id);
  if (!left)
    return fail(std::move(left.error()));
  auto end = close_abandoned(*left, errc::interrupted, now);
  std::vector<storage::mutation> writes;
  auto conv = store.get_conversation(open.conversation);
  if (conv && conv->active_stream == open.id) {
    conv->active_stream = {};
    writes.emplace_back(storage::put_conversation{std::move(*conv)});
  } else if (!conv && conv.error().code != errc::conversation_not_found) {
    return fail(std::move(conv.error()));
  }
  writes.emplace_back(storage::put_message{std::move(end.answer)});
  writes.emplace_back(storage::erase_segments{open.id});
  writes.emplace_back(storage::put_stream{std::move(end.record)});
  return store.write(writes, storage::sync_mode::none);
}

} // namespace

result<std::size_t> close_open_streams(storage::store& store) {
  auto open = store.open_streams();
  if (!open)
    return fail(std::move(open.error()));
  auto now = timestamp::now();
  for (const auto& record : *open)
    if (auto closed = close_one(store, record, now); !closed)
      return fail(std::move(closed.error()));
  if (!open->empty())
    // One sync for all of them.
    if (auto synced = store.probe(); !synced)
      return fail(std::move(synced.error()));
  return open->size();
}

} // namespace parley::actors
