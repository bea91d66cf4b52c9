// The key grammar.
#include <gtest/gtest.h>

#include <limits>

#include "storage/keys.hpp"
#include "tests/storage/builders.hpp"

namespace parley::storage {

namespace {

const conversation_id conv = conversation_number(10);
const conversation_id next_conv = conversation_number(11);
const message_id msg = message_number(20);
const stream_id strm = stream_number(30);

} // namespace

TEST(keys, hold_everything_of_a_conversation_under_one_prefix) {
  auto begin = keys::all_of(conv);
  auto end = keys::end_of(begin);
  for (const auto& key :
       {keys::record(conv), keys::message(conv, msg), keys::stream(conv, strm),
        keys::segment(conv, strm, 0),
        keys::segment(conv, strm, std::numeric_limits<seq_t>::max())}) {
    EXPECT_TRUE(key.starts_with(begin));
    EXPECT_LT(key, end);
  }
  EXPECT_GE(keys::all_of(next_conv), end);
}

TEST(keys, sort_messages_by_id_and_segments_by_number) {
  EXPECT_LT(keys::message(conv, msg), keys::message(conv, message_number(21)));
  seq_t before = 0;
  for (seq_t seq : {1ull, 255ull, 256ull, 65535ull, 1ull << 32, ~0ull}) {
    EXPECT_LT(keys::segment(conv, strm, before),
              keys::segment(conv, strm, seq));
    before = seq;
  }
}

TEST(keys, tell_segments_from_others) {
  EXPECT_EQ(keys::segments_of(conv, strm).size(), keys::segments_of_size);
  EXPECT_TRUE(keys::is_segment(keys::segment(conv, strm, 7)));
  for (const auto& key :
       {keys::segments_of(conv, strm), keys::message(conv, msg),
        keys::stream(conv, strm), keys::finished({5}, strm), std::string{}})
    EXPECT_FALSE(keys::is_segment(key));
}

TEST(keys, sort_times_before_and_after_the_epoch) {
  constexpr auto least = std::numeric_limits<std::int64_t>::min();
  constexpr auto most = std::numeric_limits<std::int64_t>::max();
  std::string before;
  for (std::int64_t ms : {least, std::int64_t{-1}, std::int64_t{0},
                          std::int64_t{1}, std::int64_t{256}, most}) {
    auto key = keys::finished({ms}, strm);
    EXPECT_LT(before, key);
    EXPECT_EQ(keys::parse_timed_stream(key)->when.ms, ms);
    before = key;
  }
}

TEST(keys, sort_the_newest_activity_first) {
  EXPECT_LT(keys::activity({6}, conv), keys::activity({5}, next_conv));
  EXPECT_LT(keys::activity({0}, conv), keys::activity({-1}, conv));
  EXPECT_LT(keys::activity({5}, next_conv), keys::activity({5}, conv));
}

TEST(keys, end_a_range_of_times_before_the_time_itself) {
  auto bound = keys::before(keys::finished_kind, {100});
  EXPECT_LT(keys::finished({99}, strm), bound);
  EXPECT_GE(keys::finished({100}, stream_number(0)), bound);
}

TEST(keys, read_back_what_they_were_made_of) {
  EXPECT_EQ(keys::parse_member(keys::record(conv))->kind, keys::part::record);
  EXPECT_EQ(keys::parse_member(keys::message(conv, msg))->message, msg);
  EXPECT_EQ(keys::parse_member(keys::stream(conv, strm))->stream, strm);
  auto segment = keys::parse_member(keys::segment(conv, strm, 12345678901));
  EXPECT_EQ(segment->kind, keys::part::segment);
  EXPECT_EQ(segment->stream, strm);
  EXPECT_EQ(segment->first_seq, 12345678901u);
  EXPECT_EQ(keys::parse_activity(keys::activity({5}, conv))->id, conv);
  EXPECT_EQ(keys::parse_timed_stream(keys::finished({5}, strm))->id, strm);
  EXPECT_EQ(keys::parse_timed_stream(keys::tombstone({5}, strm))->when.ms, 5);
  auto digest = keys::digest_of("me", "key");
  EXPECT_EQ(keys::parse_claim_age(keys::claim_age({5}, digest))->id, digest);
  EXPECT_EQ(keys::parse_claim_of(keys::claim_of(strm, digest)), digest);
  EXPECT_EQ(keys::parse_open(keys::open(strm)), strm);
  EXPECT_EQ(keys::parse_purge(keys::purge(conv)), conv);
  EXPECT_EQ(keys::parse_home(keys::home_value(conv)), conv);
}

TEST(keys, read_nothing_from_other_bytes) {
  auto good = keys::segment(conv, strm, 7);
  for (std::size_t n = 0; n < good.size(); ++n) {
    auto cut = std::string_view{good}.substr(0, n);
    (void)keys::parse_member(cut);
    EXPECT_FALSE(keys::parse_activity(cut));
    EXPECT_FALSE(keys::parse_open(cut));
    EXPECT_FALSE(keys::parse_purge(cut));
  }
  EXPECT_FALSE(keys::parse_member(good + "x"));
  EXPECT_FALSE(keys::parse_member(keys::message(conv, msg) + "x"));
  EXPECT_FALSE(keys::parse_member(keys::record(conv) + "x"));
  EXPECT_FALSE(keys::parse_member(keys::all_of(conv) + "?"));
  auto place = keys::activity({5}, conv);
  place.back() = 'x';
  EXPECT_FALSE(keys::parse_activity(place));
}

TEST(keys, hold_neither_caller_nor_idempotency_key) {
  auto digest = keys::digest_of("somebody", "their-key");
  for (const auto& key : {keys::claim(digest), keys::claim_of(strm, digest),
                          keys::claim_age({5}, digest)}) {
    EXPECT_EQ(key.find("somebody"), std::string::npos);
    EXPECT_EQ(key.find("their-key"), std::string::npos);
  }
}

TEST(keys, give_each_caller_and_key_a_digest_of_their_own) {
  EXPECT_EQ(keys::digest_of("a", "bc"), keys::digest_of("a", "bc"));
  EXPECT_NE(keys::digest_of("a", "bc"), keys::digest_of("ab", "c"));
  EXPECT_NE(keys::digest_of("", "abc"), keys::digest_of("abc", ""));
}

} // namespace parley::storage
