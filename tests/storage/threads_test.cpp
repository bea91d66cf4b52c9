// Readers beside the writer: they see whole batches, also while the database is
// opened anew underneath them.
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "storage/open.hpp"
#include "storage/rocksdb_store.hpp"
#include "tests/storage/builders.hpp"
#include "tests/storage/faulty_env.hpp"

namespace parley::storage {

namespace {

const conversation_id conv = conversation_number(10);
const message_id first = message_number(20);
const message_id answer = message_number(21);
const stream_id strm = stream_number(30);

// The n-th state of the conversation: two messages that say n, one of them in
// an open stream's segments.
std::vector<mutation> state_number(std::uint64_t n) {
  auto text = "number " + std::to_string(n);
  auto a = full_message(conv, first);
  a.content = text;
  return {
    put_conversation{full_conversation(conv, {static_cast<std::int64_t>(n)})},
    put_message{a},
    put_message{generating_message(conv, answer, strm)},
    put_stream{open_stream(conv, strm, answer)},
    erase_segments{strm},
    append_segment{text_segment(strm, 2, text)}};
}

// Reads until told to stop; what it sees must never be half a batch.
void read_states(const store& it, const std::atomic<bool>& stop,
                 std::atomic<int>& reads) {
  while (!stop) {
    auto page = it.list_messages(conv, "", 10, sort_order::ascending);
    ASSERT_TRUE(page) << page.error().detail;
    ASSERT_EQ(page->items.size(), 2u);
    ASSERT_EQ(page->items[0].content, page->items[1].content);
    auto list = it.list_conversations("", 10);
    ASSERT_TRUE(list);
    ASSERT_EQ(list->items.size(), 1u);
    ++reads;
  }
}

class readers {
public:
  explicit readers(const store& it) {
    for (int i = 0; i < 3; ++i)
      threads_.emplace_back([this, &it] { read_states(it, stop_, reads_); });
  }
  readers(const readers&) = delete;
  readers& operator=(const readers&) = delete;
  ~readers() {
    stop_ = true;
    for (auto& thread : threads_)
      thread.join();
  }
  [[nodiscard]] int reads() const {
    return reads_;
  }

private:
  std::atomic<bool> stop_{false};
  std::atomic<int> reads_{0};
  std::vector<std::thread> threads_;
};

} // namespace

TEST(readers, see_whole_batches_of_the_rocksdb_store) {
  temporary_folder folder;
  auto it = *open_rocksdb_store(folder.path());
  ASSERT_TRUE(it->write(state_number(0), sync_mode::none));
  readers threads{*it};
  for (std::uint64_t n = 1; n <= 200 || threads.reads() < 50; ++n)
    ASSERT_TRUE(it->write(state_number(n), sync_mode::none));
}

TEST(readers, see_whole_batches_of_the_memory_store) {
  auto it = make_memory_store();
  ASSERT_TRUE(it->write(state_number(0), sync_mode::none));
  readers threads{*it};
  for (std::uint64_t n = 1; n <= 200 || threads.reads() < 50; ++n)
    ASSERT_TRUE(it->write(state_number(n), sync_mode::none));
}

TEST(readers, go_on_while_the_store_recovers_from_a_fault) {
  temporary_folder folder;
  faulty_env disk;
  rocksdb_settings settings;
  settings.env = disk.env();
  auto it = *rocksdb_store::open(folder.path(), settings);
  ASSERT_TRUE(it->write(state_number(0), sync_mode::none));
  readers threads{*it};
  for (std::uint64_t n = 1; n <= 10; ++n) {
    disk.set(disk_fault::torn_append);
    ASSERT_FALSE(it->write(state_number(n), sync_mode::none));
    disk.set(disk_fault::none);
    ASSERT_TRUE(it->probe());
    ASSERT_TRUE(it->write(state_number(n), sync_mode::none));
  }
}

} // namespace parley::storage
