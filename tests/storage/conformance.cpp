#include "tests/storage/conformance.hpp"

#include "storage/open.hpp"

namespace parley::storage {

store_conformance::store_conformance() {
  reopen();
}

void store_conformance::reopen() {
  if (GetParam() == kind::memory) {
    if (!store_)
      store_ = make_memory_store();
    return;
  }
  store_.reset();
  auto opened = open_rocksdb_store(folder_.path());
  ASSERT_TRUE(opened) << opened.error().detail;
  store_ = *std::move(opened);
}

void store_conformance::write(const std::vector<mutation>& batch) {
  auto done = store_->write(batch, sync_mode::none);
  ASSERT_TRUE(done) << done.error().detail;
  if (GetParam() == kind::rocksdb_reopened)
    reopen();
}

void store_conformance::write(std::initializer_list<mutation> batch) {
  write(std::vector<mutation>{batch});
}

std::vector<conversation>
store_conformance::all_conversations(std::size_t limit) {
  std::vector<conversation> out;
  std::string cursor;
  do {
    auto page = store_->list_conversations(cursor, limit);
    EXPECT_TRUE(page);
    if (!page)
      break;
    EXPECT_LE(page->items.size(), limit);
    out.insert(out.end(), page->items.begin(), page->items.end());
    cursor = page->next_cursor;
  } while (!cursor.empty());
  return out;
}

std::vector<message>
store_conformance::all_messages(const conversation_id& conversation,
                                std::size_t limit, sort_order order) {
  std::vector<message> out;
  std::string cursor;
  do {
    auto page = store_->list_messages(conversation, cursor, limit, order);
    EXPECT_TRUE(page);
    if (!page)
      break;
    EXPECT_LE(page->items.size(), limit);
    out.insert(out.end(), page->items.begin(), page->items.end());
    cursor = page->next_cursor;
  } while (!cursor.empty());
  return out;
}

namespace {

std::string name_of(const ::testing::TestParamInfo<kind>& info) {
  switch (info.param) {
  case kind::memory:
    return "memory";
  case kind::rocksdb:
    return "rocksdb";
  case kind::rocksdb_reopened:
    return "rocksdb_reopened";
  }
  return "unknown";
}

} // namespace

INSTANTIATE_TEST_SUITE_P(every_store, store_conformance,
                         ::testing::Values(kind::memory, kind::rocksdb,
                                           kind::rocksdb_reopened),
                         name_of);

} // namespace parley::storage
