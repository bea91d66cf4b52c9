// Pages and their cursors.
#include "tests/storage/conformance.hpp"

#include <algorithm>

#include "storage/rules.hpp"

namespace parley::storage {

namespace {

std::vector<conversation_id> ids_of(const std::vector<conversation>& items) {
  std::vector<conversation_id> out;
  for (const auto& x : items)
    out.push_back(x.id);
  return out;
}

std::vector<message_id> ids_of(const std::vector<message>& items) {
  std::vector<message_id> out;
  for (const auto& x : items)
    out.push_back(x.id);
  return out;
}

std::vector<conversation_id> conversations(std::vector<std::uint64_t> numbers) {
  std::vector<conversation_id> out;
  for (auto n : numbers)
    out.push_back(conversation_number(n));
  return out;
}

std::vector<message_id> messages(std::vector<std::uint64_t> numbers) {
  std::vector<message_id> out;
  for (auto n : numbers)
    out.push_back(message_number(n));
  return out;
}

put_conversation active_at(std::uint64_t n, std::int64_t ms) {
  return {full_conversation(conversation_number(n), {ms})};
}

} // namespace

// -- conversations ---------------------------------------------------------

TEST_P(store_conformance, lists_no_conversations_where_there_are_none) {
  auto page = it().list_conversations("", 20);
  ASSERT_TRUE(page);
  EXPECT_TRUE(page->items.empty());
  EXPECT_EQ(page->next_cursor, "");
}

TEST_P(store_conformance, lists_conversations_by_newest_activity) {
  write({active_at(1, 300), active_at(2, 100), active_at(3, 200)});
  EXPECT_EQ(ids_of(all_conversations(20)), conversations({1, 3, 2}));
}

TEST_P(store_conformance, lists_the_newer_id_first_where_times_are_equal) {
  write({active_at(2, 100), active_at(3, 100), active_at(1, 100)});
  EXPECT_EQ(ids_of(all_conversations(1)), conversations({3, 2, 1}));
}

TEST_P(store_conformance, sorts_times_before_the_epoch_below_others) {
  write({active_at(1, -5), active_at(2, 0), active_at(3, 5)});
  EXPECT_EQ(ids_of(all_conversations(2)), conversations({3, 2, 1}));
}

TEST_P(store_conformance, moves_a_conversation_to_its_new_place_only) {
  write({active_at(1, 100), active_at(2, 200), active_at(3, 300)});
  write({active_at(1, 400)});
  EXPECT_EQ(ids_of(all_conversations(20)), conversations({1, 3, 2}));
  // Twice in one batch.
  write({active_at(2, 500), active_at(2, 50)});
  EXPECT_EQ(ids_of(all_conversations(20)), conversations({1, 3, 2}));
}

TEST_P(store_conformance, pages_through_all_conversations_once) {
  std::vector<std::uint64_t> expected;
  for (std::uint64_t n = 25; n > 0; --n) {
    write({active_at(n, static_cast<std::int64_t>(n / 3))});
    expected.push_back(n);
  }
  for (std::size_t limit : {1, 3, 5, 24, 25, 26})
    EXPECT_EQ(ids_of(all_conversations(limit)), conversations(expected));
}

TEST_P(store_conformance, gives_no_cursor_with_the_last_page) {
  write({active_at(1, 100), active_at(2, 200)});
  EXPECT_EQ(it().list_conversations("", 2)->next_cursor, "");
  EXPECT_NE(it().list_conversations("", 1)->next_cursor, "");
}

TEST_P(store_conformance, misses_no_idle_conversation_when_others_move) {
  write({active_at(1, 100), active_at(2, 200), active_at(3, 300),
         active_at(4, 400), active_at(5, 500)});
  auto first = it().list_conversations("", 2);
  ASSERT_TRUE(first);
  EXPECT_EQ(ids_of(first->items), conversations({5, 4}));
  // The one the cursor stands at goes, one ahead of it moves up, a new one
  // comes.
  write({active_at(4, 600), active_at(2, 700), active_at(6, 800)});
  auto second = it().list_conversations(first->next_cursor, 10);
  ASSERT_TRUE(second);
  EXPECT_EQ(ids_of(second->items), conversations({3, 1}));
}

TEST_P(store_conformance, goes_on_where_the_cursors_conversation_was_erased) {
  write({active_at(1, 100), active_at(2, 200), active_at(3, 300)});
  auto first = it().list_conversations("", 2);
  write({erase_conversation{conversation_number(2)}});
  auto second = it().list_conversations(first->next_cursor, 10);
  ASSERT_TRUE(second);
  EXPECT_EQ(ids_of(second->items), conversations({1}));
}

// -- messages --------------------------------------------------------------

TEST_P(store_conformance, lists_messages_only_of_a_conversation_that_exists) {
  write({put_message{full_message(conv, answer)}});
  EXPECT_ERROR(it().list_messages(conv, "", 20, sort_order::ascending),
               errc::conversation_not_found);
}

TEST_P(store_conformance, lists_no_messages_of_an_empty_conversation) {
  write({put_conversation{full_conversation(conv, {1})},
         put_message{full_message(conversation_number(9), answer)},
         put_message{full_message(conversation_number(11), answer)}});
  for (auto order : {sort_order::ascending, sort_order::descending}) {
    auto page = it().list_messages(conv, "", 20, order);
    ASSERT_TRUE(page);
    EXPECT_TRUE(page->items.empty());
    EXPECT_EQ(page->next_cursor, "");
  }
}

TEST_P(store_conformance, pages_through_all_messages_in_both_orders) {
  write({put_conversation{full_conversation(conv, {1})}});
  std::vector<std::uint64_t> up;
  for (std::uint64_t n = 1; n <= 12; ++n)
    up.push_back(n);
  for (auto n : {5, 1, 12, 3, 2, 4, 11, 6, 8, 7, 9, 10})
    write({put_message{
      full_message(conv, message_number(static_cast<std::uint64_t>(n)))}});
  auto down = up;
  std::reverse(down.begin(), down.end());
  for (std::size_t limit : {1, 2, 5, 11, 12, 13}) {
    EXPECT_EQ(ids_of(all_messages(conv, limit, sort_order::ascending)),
              messages(up));
    EXPECT_EQ(ids_of(all_messages(conv, limit, sort_order::descending)),
              messages(down));
  }
}

TEST_P(store_conformance, keeps_a_replaced_message_in_its_place) {
  write({put_conversation{full_conversation(conv, {1})}});
  for (std::uint64_t n : {1u, 2u, 3u})
    write({put_message{full_message(conv, message_number(n))}});
  auto changed = full_message(conv, message_number(2));
  changed.content = "changed";
  write({put_message{changed}});
  auto found = all_messages(conv, 20, sort_order::ascending);
  EXPECT_EQ(ids_of(found), messages({1, 2, 3}));
  EXPECT_EQ(found[1], changed);
}

TEST_P(store_conformance, shows_messages_that_come_behind_a_cursor) {
  write({put_conversation{full_conversation(conv, {1})},
         put_message{full_message(conv, message_number(1))},
         put_message{full_message(conv, message_number(2))},
         put_message{full_message(conv, message_number(3))}});
  auto first = it().list_messages(conv, "", 2, sort_order::ascending);
  write({put_message{full_message(conv, message_number(4))}});
  auto second =
    it().list_messages(conv, first->next_cursor, 5, sort_order::ascending);
  ASSERT_TRUE(second);
  EXPECT_EQ(ids_of(second->items), messages({3, 4}));
}

TEST_P(store_conformance, ends_a_page_early_when_its_texts_grow_large) {
  write({put_conversation{full_conversation(conv, {1})}});
  for (std::uint64_t n = 1; n <= 5; ++n) {
    auto value = full_message(conv, message_number(n));
    value.content.assign(max_page_bytes / 2, 'x');
    write({put_message{value}});
  }
  auto page = it().list_messages(conv, "", 100, sort_order::ascending);
  ASSERT_TRUE(page);
  EXPECT_EQ(ids_of(page->items), messages({1, 2}));
  EXPECT_EQ(ids_of(all_messages(conv, 100, sort_order::ascending)),
            messages({1, 2, 3, 4, 5}));
}

// -- cursors ---------------------------------------------------------------

TEST_P(store_conformance, refuses_what_is_no_cursor) {
  write({put_conversation{full_conversation(conv, {1})}});
  for (std::string bad :
       {"x", "AAAA", "????", "1", "-", "\xff", "AAAAAAAAAAAAAAAAAAAAAAAA",
        "conv_00000000000000000000000001"}) {
    EXPECT_ERROR(it().list_conversations(bad, 20), errc::invalid_cursor);
    EXPECT_ERROR(it().list_messages(conv, bad, 20, sort_order::ascending),
                 errc::invalid_cursor);
  }
  std::string endless(100'000, 'A');
  EXPECT_ERROR(it().list_conversations(endless, 20), errc::invalid_cursor);
}

TEST_P(store_conformance, refuses_a_cursor_that_was_changed_anywhere) {
  write({active_at(1, 100), active_at(2, 200)});
  auto good = it().list_conversations("", 1)->next_cursor;
  for (std::size_t i = 0; i < good.size(); ++i) {
    auto bad = good;
    bad[i] = bad[i] == 'A' ? 'B' : 'A';
    EXPECT_ERROR(it().list_conversations(bad, 20), errc::invalid_cursor);
  }
  EXPECT_ERROR(it().list_conversations(good + "A", 20), errc::invalid_cursor);
  EXPECT_ERROR(it().list_conversations(good.substr(1), 20),
               errc::invalid_cursor);
}

TEST_P(store_conformance, refuses_the_cursor_of_another_list) {
  auto other = conversation_number(11);
  for (const auto& id : {conv, other}) {
    write({put_conversation{full_conversation(id, {1})}});
    for (std::uint64_t n : {1u, 2u})
      write({put_message{full_message(id, message_number(n))}});
  }
  auto of_messages =
    it().list_messages(conv, "", 1, sort_order::ascending)->next_cursor;
  auto of_conversations = it().list_conversations("", 1)->next_cursor;
  ASSERT_NE(of_messages, "");
  ASSERT_NE(of_conversations, "");
  EXPECT_ERROR(it().list_conversations(of_messages, 20), errc::invalid_cursor);
  EXPECT_ERROR(
    it().list_messages(conv, of_conversations, 20, sort_order::ascending),
    errc::invalid_cursor);
  EXPECT_ERROR(
    it().list_messages(other, of_messages, 20, sort_order::ascending),
    errc::invalid_cursor);
  EXPECT_ERROR(
    it().list_messages(conv, of_messages, 20, sort_order::descending),
    errc::invalid_cursor);
  EXPECT_TRUE(it().list_messages(conv, of_messages, 20, sort_order::ascending));
}

} // namespace parley::storage
