// Thousands of random batches on both stores, which must stay the same in
// everything that can be read.
#include <gtest/gtest.h>

#include <memory>
#include <random>
#include <type_traits>

#include "storage/memory_store.hpp"
#include "storage/open.hpp"
#include "tests/storage/builders.hpp"

namespace parley::storage {

namespace {

// Few of each, so that batches meet.
constexpr std::uint64_t conversations = 4;
constexpr std::uint64_t messages = 6; // of each conversation
constexpr std::uint64_t streams = 8;
constexpr std::uint64_t claims = 6;

conversation_id home_of(std::uint64_t stream) {
  return conversation_number(stream % conversations);
}

class random_work {
public:
  explicit random_work(unsigned seed) : random_(seed) {
  }

  std::uint64_t below(std::uint64_t n) {
    return std::uniform_int_distribution<std::uint64_t>{0, n - 1}(random_);
  }

  timestamp time() {
    // Around the life of a tombstone, so that each kind of expiry happens.
    return {static_cast<std::int64_t>(below(60)) * 24 * 3600 * 1000};
  }

  // Which of two claims of one instant is swept first is nobody's promise.
  timestamp unequal_time() {
    return {time().ms + ++instants_};
  }

  mutation change() {
    switch (below(10)) {
    case 0:
    case 1:
      return put_conversation{
        full_conversation(conversation_number(below(conversations)), time())};
    case 2:
    case 3:
      return put_message{any_message()};
    case 4:
    case 5:
      return put_stream{any_stream()};
    case 6:
      return put_claim{claim_for(stream_number(below(streams)), "me",
                                 std::to_string(below(claims)),
                                 unequal_time())};
    case 7:
    case 8:
      return append_segment{
        text_segment(stream_number(below(streams)), 2 + 3 * below(4), "abc")};
    default:
      if (below(3) == 0)
        return erase_conversation{conversation_number(below(conversations))};
      return erase_segments{stream_number(below(streams))};
    }
  }

  std::vector<mutation> batch() {
    std::vector<mutation> out;
    for (auto n = 1 + below(6); n > 0; --n)
      out.push_back(change());
    return out;
  }

private:
  message any_message() {
    auto stream = below(streams);
    auto id = message_number(below(messages));
    if (below(2) == 0)
      return generating_message(home_of(stream), id, stream_number(stream));
    auto x = full_message(home_of(stream), id);
    x.stream = stream_number(stream);
    return x;
  }

  stream_record any_stream() {
    auto n = below(streams);
    auto answer = message_number(below(messages));
    if (below(2) == 0)
      return open_stream(home_of(n), stream_number(n), answer);
    auto x = full_stream(home_of(n), stream_number(n), answer);
    x.finished_at = time();
    return x;
  }

  std::mt19937_64 random_;
  std::int64_t instants_ = 0;
};

template <class T>
void expect_same(const result<T>& a, const result<T>& b, const char* what) {
  ASSERT_EQ(a.has_value(), b.has_value()) << what;
  if (!a) {
    EXPECT_EQ(a.error(), b.error()) << what;
    return;
  }
  if constexpr (std::is_same_v<T, stored_stream>) {
    EXPECT_EQ(a->record, b->record) << what;
    EXPECT_TRUE(same(a->segments, b->segments)) << what;
    EXPECT_EQ(a->answer, b->answer) << what;
  } else if constexpr (requires { a->next_cursor; }) {
    EXPECT_EQ(a->items, b->items) << what;
    EXPECT_EQ(a->next_cursor, b->next_cursor) << what;
  } else {
    EXPECT_EQ(*a, *b) << what;
  }
}

void expect_same_lists(const store& a, const store& b, std::size_t limit) {
  std::string cursor;
  do {
    auto page = a.list_conversations(cursor, limit);
    expect_same(page, b.list_conversations(cursor, limit), "conversations");
    cursor = page ? page->next_cursor : "";
  } while (!cursor.empty() && !::testing::Test::HasFailure());
  for (std::uint64_t n = 0; n < conversations; ++n) {
    for (auto order : {sort_order::ascending, sort_order::descending}) {
      auto id = conversation_number(n);
      do {
        auto page = a.list_messages(id, cursor, limit, order);
        expect_same(page, b.list_messages(id, cursor, limit, order),
                    "messages");
        cursor = page ? page->next_cursor : "";
      } while (!cursor.empty() && !::testing::Test::HasFailure());
    }
  }
}

void expect_same_stores(const store& a, const store& b, std::size_t limit) {
  expect_same_lists(a, b, limit);
  for (std::uint64_t n = 0; n < conversations; ++n) {
    auto conv = conversation_number(n);
    expect_same(a.get_conversation(conv), b.get_conversation(conv), "get");
    for (std::uint64_t m = 0; m < messages; ++m)
      expect_same(a.get_message(conv, message_number(m)),
                  b.get_message(conv, message_number(m)), "message");
  }
  for (std::uint64_t n = 0; n < streams; ++n) {
    auto id = stream_number(n);
    expect_same(a.get_stream(id), b.get_stream(id), "stream");
    expect_same(a.load_stream(id), b.load_stream(id), "loaded stream");
  }
  for (std::uint64_t n = 0; n < claims; ++n)
    expect_same(a.find_claim("me", std::to_string(n)),
                b.find_claim("me", std::to_string(n)), "claim");
  expect_same(a.open_streams(), b.open_streams(), "open streams");
}

void run(unsigned seed, int batches) {
  SCOPED_TRACE("seed " + std::to_string(seed));
  temporary_folder folder;
  memory_store model;
  auto opened = open_rocksdb_store(folder.path());
  ASSERT_TRUE(opened) << opened.error().detail;
  auto real = *std::move(opened);
  random_work work{seed};
  for (int i = 0; i < batches; ++i) {
    SCOPED_TRACE("batch " + std::to_string(i));
    auto batch = work.batch();
    ASSERT_TRUE(model.write(batch, sync_mode::none));
    ASSERT_TRUE(real->write(batch, sync_mode::none));
    if (work.below(10) == 0) {
      auto streams_before = work.time();
      auto claims_before = work.time();
      auto most = work.below(5);
      expect_same(model.sweep_expired(streams_before, claims_before, most),
                  real->sweep_expired(streams_before, claims_before, most),
                  "sweep");
    }
    if (work.below(100) == 0) {
      real.reset();
      opened = open_rocksdb_store(folder.path());
      ASSERT_TRUE(opened) << opened.error().detail;
      real = *std::move(opened);
    }
    // Looking at everything is most of the work; a difference stays.
    if (work.below(5) == 0 || i + 1 == batches)
      expect_same_stores(model, *real, 1 + work.below(5));
    if (::testing::Test::HasFailure())
      return;
  }
}

} // namespace

TEST(rocksdb_store_and_memory_store, stay_the_same_under_random_batches) {
  for (unsigned seed : {1u, 2u, 3u})
    run(seed, 1000);
}

} // namespace parley::storage
