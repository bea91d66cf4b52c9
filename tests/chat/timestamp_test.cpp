#include "chat/timestamp.hpp"

#include <gtest/gtest.h>

namespace parley {
namespace {

TEST(timestamp, prints_rfc_3339_with_milliseconds) {
  EXPECT_EQ(to_string(timestamp{0}), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(to_string(timestamp{951'782'399'999}), "2000-02-28T23:59:59.999Z");
  EXPECT_EQ(to_string(timestamp{-1}), "1969-12-31T23:59:59.999Z");
}

TEST(timestamp, reads_back_what_it_prints) {
  for (const std::int64_t ms :
       {std::int64_t{0}, std::int64_t{-1}, std::int64_t{1'795'372'800'123},
        std::int64_t{951'868'800'000}, std::int64_t{253'402'300'799'999},
        std::int64_t{-62'167'219'200'000}})
    EXPECT_EQ(timestamp_from(to_string(timestamp{ms})), timestamp{ms}) << ms;
}

TEST(timestamp, stays_within_four_digits_of_years) {
  EXPECT_EQ(to_string(timestamp{INT64_MAX}), "9999-12-31T23:59:59.999Z");
  EXPECT_EQ(to_string(timestamp{INT64_MIN}), "0000-01-01T00:00:00.000Z");
}

TEST(timestamp, reads_nothing_else) {
  for (const auto* wrong :
       {"", "2026-11-22T18:30:00Z", "2026-11-22 18:30:00.123Z",
        "2026-11-22T18:30:00.123+00:00", "2026-13-22T18:30:00.123Z",
        "2026-02-29T18:30:00.123Z", "2026-11-22T24:30:00.123Z",
        "2026-11-22T18:60:00.123Z", "2026-11-22T18:30:60.123Z",
        "2026-11-22T18:30:00.123z", " 2026-11-22T18:30:00.123Z",
        "+026-11-22T18:30:00.123Z"})
    EXPECT_FALSE(timestamp_from(wrong)) << wrong;
}

TEST(timestamp, is_unset_at_zero) {
  EXPECT_FALSE(timestamp{}.is_set());
  EXPECT_TRUE(timestamp::now().is_set());
}

} // namespace
} // namespace parley
