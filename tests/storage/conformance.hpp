// One suite that runs every call of `store` on every store, and fails where one
// differs.
#pragma once

#include <gtest/gtest.h>

#include <initializer_list>
#include <memory>
#include <string_view>

#include "storage/rocksdb_store.hpp"
#include "storage/store.hpp"
#include "tests/storage/builders.hpp"

namespace parley::storage {

enum class kind {
  memory,
  rocksdb,
  // Closed and opened after each write: what is read comes from the disk.
  rocksdb_reopened,
};

class store_conformance : public ::testing::TestWithParam<kind> {
protected:
  store_conformance();

  // Writes, as a part of the test that must succeed.
  void write(std::initializer_list<mutation> batch);
  void write(const std::vector<mutation>& batch);

  [[nodiscard]] store& it() {
    return *store_;
  }

  // All pages of a list, put together.
  [[nodiscard]] std::vector<conversation> all_conversations(std::size_t limit);
  [[nodiscard]] std::vector<message>
  all_messages(const conversation_id& conversation, std::size_t limit,
               sort_order order);

  // -- names of records that most tests use --------------------------------

  const conversation_id conv = conversation_number(10);
  const message_id question = message_number(20);
  const message_id answer = message_number(21);
  const stream_id strm = stream_number(30);

private:
  void reopen();

  temporary_folder folder_;
  std::unique_ptr<store> store_;
};

// `EXPECT_ERROR(it().get_stream(id), errc::stream_not_found)`
#define EXPECT_ERROR(expression, expected_code)                                \
  do {                                                                         \
    auto outcome = (expression);                                               \
    ASSERT_FALSE(outcome.has_value());                                         \
    EXPECT_EQ(outcome.error().code, expected_code) << outcome.error().detail;  \
    EXPECT_FALSE(outcome.error().detail.empty());                              \
  } while (false)

} // namespace parley::storage
