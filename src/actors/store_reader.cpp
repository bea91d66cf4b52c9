#include "actors/store_reader.hpp"

#include <algorithm>

#include <caf/typed_event_based_actor.hpp>

#include "actors/errors.hpp"
#include "chat/limits.hpp"
#include "chat/utf8.hpp"

namespace parley::actors {

namespace {

// Messages read at a time when a whole conversation or its newest part is
// wanted.
constexpr std::size_t read_page = limits::max_page_size;

result<conversation_page> read_list(const storage::store& store,
                                    const list_conversations& what) {
  auto page = store.list_conversations(what.cursor, what.limit);
  if (!page)
    return fail(std::move(page.error()));
  return conversation_page{
    std::move(page->items), std::move(page->next_cursor), {}};
}

result<message_page> read_messages(const storage::store& store,
                                   const list_messages& what) {
  auto order = what.descending ? storage::sort_order::descending
                               : storage::sort_order::ascending;
  auto page = store.list_messages(what.conv, what.cursor, what.limit, order);
  if (!page)
    return fail(std::move(page.error()));
  return message_page{std::move(page->items), std::move(page->next_cursor)};
}

result<exported_conversation> read_whole(const storage::store& store,
                                         const conversation_id& id) {
  auto conv = store.get_conversation(id);
  if (!conv)
    return fail(std::move(conv.error()));
  exported_conversation whole{std::move(*conv), {}};
  std::string cursor;
  do {
    auto page = store.list_messages(id, cursor, read_page,
                                    storage::sort_order::ascending);
    if (!page)
      return fail(std::move(page.error()));
    std::move(page->items.begin(), page->items.end(),
              std::back_inserter(whole.messages));
    cursor = std::move(page->next_cursor);
  } while (!cursor.empty());
  return whole;
}

// Walks back from the newest message until the limit is reached.
result<history> read_history(const storage::store& store,
                             const get_history& what) {
  history found;
  std::uint64_t chars = 0;
  std::string cursor;
  do {
    auto page = store.list_messages(what.conv, cursor, read_page,
                                    storage::sort_order::descending);
    if (!page)
      return fail(std::move(page.error()));
    for (auto& item : page->items) {
      if (!what.before.empty() && item.id >= what.before)
        continue;
      chars += utf8::length(item.content);
      if (chars > what.max_chars && !found.messages.empty()) {
        std::reverse(found.messages.begin(), found.messages.end());
        return found;
      }
      item.reasoning.clear();
      found.messages.push_back(std::move(item));
    }
    cursor = std::move(page->next_cursor);
  } while (!cursor.empty());
  std::reverse(found.messages.begin(), found.messages.end());
  return found;
}

result<stream_state> read_state(const storage::store& store,
                                const stream_id& id) {
  auto record = store.get_stream(id);
  if (!record)
    return fail(std::move(record.error()));
  return state_of(*record);
}

result<found_claim> read_claim(const storage::store& store,
                               const find_claim& what) {
  auto claim = store.find_claim(what.caller, what.key);
  if (!claim)
    return fail(std::move(claim.error()));
  return found_claim{*claim && (*claim)->created_at >= what.after};
}

} // namespace

store_reader_actor::behavior_type store_reader(store_reader_actor::pointer,
                                               const storage::store* store) {
  return {
    [store](const get_conversation& what) {
      return to_answer(store->get_conversation(what.id));
    },
    [store](const list_conversations& what) {
      return to_answer(read_list(*store, what));
    },
    [store](const get_message& what) {
      return to_answer(store->get_message(what.conv, what.id));
    },
    [store](const list_messages& what) {
      return to_answer(read_messages(*store, what));
    },
    [store](const export_conversation& what) {
      return to_answer(read_whole(*store, what.id));
    },
    [store](const get_history& what) {
      return to_answer(read_history(*store, what));
    },
    [store](const get_stream_state& what) {
      return to_answer(read_state(*store, what.id));
    },
    [store](const load_stream& what) {
      return to_answer(store->load_stream(what.id));
    },
    [store](const find_claim& what) {
      return to_answer(read_claim(*store, what));
    },
  };
}

store_reader_actor spawn_store_reader(caf::actor_system& system,
                                      const storage::store& store) {
  return system.spawn<caf::detached>(store_reader, &store);
}

} // namespace parley::actors
