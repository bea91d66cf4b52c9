// What was erased leaves the disk, and not only the lists.
#include <gtest/gtest.h>

#include <memory>
#include <thread>

#include "storage/rocksdb_store.hpp"
#include "tests/storage/builders.hpp"

namespace parley::storage {

namespace {

const conversation_id conv = conversation_number(10);
const conversation_id other = conversation_number(11);
const message_id question = message_number(20);
const message_id answer = message_number(21);
const stream_id strm = stream_number(30);

// Compression leaves this as it is: no part of it repeats.
constexpr std::string_view needle = "Zx9-kQ7_vB3~wJ5";

std::unique_ptr<rocksdb_store> open(const std::string& folder,
                                    std::chrono::milliseconds purge_rest) {
  rocksdb_settings settings;
  settings.purge_rest = purge_rest;
  auto out = rocksdb_store::open(folder, settings);
  EXPECT_TRUE(out) << out.error().detail;
  return out ? *std::move(out) : nullptr;
}

void write(store& it, std::vector<mutation> batch) {
  auto done = it.write(batch, sync_mode::disk);
  ASSERT_TRUE(done) << done.error().detail;
}

// A conversation with the needle wherever a person's text can stand, as an
// answered question leaves it; one with nothing of it beside it.
void write_needles(store& it) {
  std::string text{needle};
  auto c = full_conversation(conv, {1});
  c.title = text;
  c.system_prompt = text;
  c.metadata = {{text, text}};
  auto q = full_message(conv, question);
  q.content = text;
  q.metadata = {{"k", text}};
  auto a = full_message(conv, answer);
  a.content = text;
  a.reasoning = text;
  a.tool_calls = {{0, text, text, text}};
  auto s = open_stream(conv, strm, answer);
  s.caller = text;
  s.idempotency_key = text;
  write(it, {put_conversation{c}, put_message{q}, put_stream{s},
             put_claim{claim_for(strm, text, text, {1})}});
  write(it, {append_segment{text_segment(strm, 2, text)}});
  write(it, {append_segment{text_segment(strm, 20, text)}});
  s.status = stream_status::complete;
  s.finished_at = {2};
  write(it, {put_message{a}, put_stream{s}, erase_segments{strm}});
  write(it, {put_conversation{full_conversation(other, {1})},
             put_message{full_message(other, question)}});
}

} // namespace

TEST(erased_conversations, leave_no_byte_on_disk_after_a_compaction) {
  temporary_folder folder;
  auto it = open(folder.path(), std::chrono::hours{1});
  write_needles(*it);
  ASSERT_TRUE(it->compact());
  ASSERT_TRUE(any_file_holds(folder.path(), needle)) << "the test sees nothing";
  write(*it, {erase_conversation{conv}});
  ASSERT_TRUE(it->compact());
  EXPECT_FALSE(any_file_holds(folder.path(), needle));
  EXPECT_TRUE(it->get_message(other, question));
}

TEST(erased_conversations, are_compacted_away_without_being_asked) {
  temporary_folder folder;
  auto it = open(folder.path(), std::chrono::milliseconds{0});
  write_needles(*it);
  // In tables below the log, where a deletion alone does not reach.
  ASSERT_TRUE(it->compact());
  write(*it, {erase_conversation{conv}});
  // Ends; a store that does not do it lets the test run into its time limit.
  while (any_file_holds(folder.path(), needle))
    std::this_thread::yield();
  EXPECT_TRUE(it->get_message(other, question));
}

TEST(erased_conversations, are_compacted_away_after_a_restart) {
  temporary_folder folder;
  auto it = open(folder.path(), std::chrono::hours{1});
  write_needles(*it);
  ASSERT_TRUE(it->compact());
  write(*it, {erase_conversation{conv}});
  it.reset();
  ASSERT_TRUE(any_file_holds(folder.path(), needle));
  it = open(folder.path(), std::chrono::milliseconds{0});
  while (any_file_holds(folder.path(), needle))
    std::this_thread::yield();
}

TEST(erased_conversations, do_not_keep_a_store_from_closing) {
  temporary_folder folder;
  auto it = open(folder.path(), std::chrono::milliseconds{0});
  for (std::uint64_t n = 1; n <= 100; ++n) {
    auto id = conversation_number(n);
    write(*it, {put_conversation{full_conversation(id, {1})},
                put_message{full_message(id, question)}});
    write(*it, {erase_conversation{id}});
  }
  it.reset();
  it = open(folder.path(), std::chrono::milliseconds{0});
  EXPECT_TRUE(it->list_conversations("", 10)->items.empty());
}

} // namespace parley::storage
