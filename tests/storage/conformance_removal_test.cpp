// What erasing and time remove, and what they leave.
#include "tests/storage/conformance.hpp"

#include <limits>

#include "storage/rules.hpp"

namespace parley::storage {

namespace {

constexpr timestamp never{std::numeric_limits<std::int64_t>::min()};
constexpr std::size_t no_bound = 1'000'000;

stream_record finished_at(stream_record x, std::int64_t ms) {
  x.finished_at = {ms};
  return x;
}

} // namespace

// -- erase_conversation ----------------------------------------------------

TEST_P(store_conformance, erases_all_of_a_conversation) {
  auto ended = stream_number(31);
  write({put_conversation{full_conversation(conv, {1})},
         put_message{full_message(conv, question)},
         put_message{generating_message(conv, answer, strm)},
         put_stream{open_stream(conv, strm, answer)},
         append_segment{text_segment(strm, 2, "text")},
         put_stream{full_stream(conv, ended, question)},
         put_claim{claim_for(strm, "me", "open", {1})},
         put_claim{claim_for(ended, "me", "ended", {1})}});
  write({erase_conversation{conv}});
  EXPECT_ERROR(it().get_conversation(conv), errc::conversation_not_found);
  EXPECT_ERROR(it().list_messages(conv, "", 9, sort_order::ascending),
               errc::conversation_not_found);
  EXPECT_ERROR(it().get_message(conv, question), errc::message_not_found);
  EXPECT_ERROR(it().get_message(conv, answer), errc::message_not_found);
  EXPECT_ERROR(it().get_stream(strm), errc::stream_not_found);
  EXPECT_ERROR(it().get_stream(ended), errc::stream_not_found);
  EXPECT_ERROR(it().load_stream(strm), errc::stream_not_found);
  EXPECT_TRUE(it().open_streams()->empty());
  EXPECT_TRUE(it().list_conversations("", 9)->items.empty());
  EXPECT_EQ(*it().find_claim("me", "open"), std::nullopt);
  EXPECT_EQ(*it().find_claim("me", "ended"), std::nullopt);
  EXPECT_EQ(*it().sweep_expired({10}, {10}, no_bound), 0u);
}

TEST_P(store_conformance, erases_nothing_of_other_conversations) {
  auto other = conversation_number(11);
  auto its_stream = stream_number(31);
  write({put_conversation{full_conversation(conv, {1})},
         put_conversation{full_conversation(other, {2})},
         put_message{full_message(other, question)},
         put_stream{open_stream(other, its_stream, answer)},
         append_segment{text_segment(its_stream, 2, "text")},
         put_claim{claim_for(its_stream, "me", "key", {1})}});
  write({erase_conversation{conv}});
  EXPECT_TRUE(it().get_conversation(other));
  EXPECT_TRUE(it().get_message(other, question));
  EXPECT_EQ(it().load_stream(its_stream)->segments.size(), 1u);
  EXPECT_NE(*it().find_claim("me", "key"), std::nullopt);
}

TEST_P(store_conformance, erases_a_conversation_that_is_not_there) {
  write({erase_conversation{conv}});
  EXPECT_ERROR(it().get_conversation(conv), errc::conversation_not_found);
}

TEST_P(store_conformance, sees_earlier_writes_of_its_batch_when_erasing) {
  write({put_conversation{full_conversation(conv, {1})},
         put_message{full_message(conv, question)},
         put_stream{open_stream(conv, strm, answer)},
         append_segment{text_segment(strm, 2, "text")},
         put_claim{claim_for(strm, "me", "key", {1})},
         erase_conversation{conv}});
  EXPECT_ERROR(it().get_conversation(conv), errc::conversation_not_found);
  EXPECT_ERROR(it().get_message(conv, question), errc::message_not_found);
  EXPECT_ERROR(it().get_stream(strm), errc::stream_not_found);
  EXPECT_EQ(*it().find_claim("me", "key"), std::nullopt);
}

TEST_P(store_conformance, takes_a_claim_that_comes_before_its_stream) {
  write({put_claim{claim_for(strm, "me", "key", {1})},
         put_stream{open_stream(conv, strm, answer)}});
  write({erase_conversation{conv}});
  EXPECT_EQ(*it().find_claim("me", "key"), std::nullopt);
}

TEST_P(store_conformance, keeps_a_claim_that_went_over_to_another_stream) {
  auto elsewhere = stream_number(31);
  write({put_stream{open_stream(conv, strm, answer)},
         put_claim{claim_for(strm, "me", "key", {1})}});
  write({put_claim{claim_for(elsewhere, "me", "key", {2})}});
  write({erase_conversation{conv}});
  EXPECT_EQ((*it().find_claim("me", "key"))->stream, elsewhere);
}

TEST_P(store_conformance, takes_back_what_was_erased_under_the_same_ids) {
  write({put_conversation{full_conversation(conv, {1})},
         put_message{full_message(conv, question)}});
  auto again = full_conversation(conv, {2});
  again.title = "again";
  write({erase_conversation{conv}, put_conversation{again}});
  EXPECT_EQ(*it().get_conversation(conv), again);
  EXPECT_EQ(it().list_conversations("", 9)->items.size(), 1u);
  EXPECT_TRUE(
    it().list_messages(conv, "", 9, sort_order::ascending)->items.empty());
}

// -- sweep_expired ---------------------------------------------------------

TEST_P(store_conformance, expires_streams_that_ended_before_the_horizon) {
  auto young = stream_number(31);
  auto running = stream_number(32);
  write({put_message{full_message(conv, answer)},
         put_stream{finished_at(full_stream(conv, strm, answer), 100)},
         put_stream{finished_at(full_stream(conv, young, answer), 200)},
         put_stream{open_stream(conv, running, answer)}});
  EXPECT_EQ(*it().sweep_expired({200}, never, no_bound), 1u);
  write({});
  auto gone = it().get_stream(strm);
  ASSERT_FALSE(gone);
  EXPECT_EQ(gone.error().code, errc::stream_expired);
  EXPECT_EQ(gone.error().reference, answer.str());
  EXPECT_ERROR(it().load_stream(strm), errc::stream_expired);
  EXPECT_TRUE(it().get_message(conv, answer));
  EXPECT_TRUE(it().get_stream(young));
  EXPECT_TRUE(it().get_stream(running));
  EXPECT_EQ(*it().sweep_expired({200}, never, no_bound), 0u);
}

TEST_P(store_conformance, forgets_claims_made_before_the_horizon) {
  write({put_claim{claim_for(strm, "me", "old", {100})},
         put_claim{claim_for(strm, "me", "young", {200})}});
  EXPECT_EQ(*it().sweep_expired(never, {200}, no_bound), 1u);
  write({});
  EXPECT_EQ(*it().find_claim("me", "old"), std::nullopt);
  EXPECT_NE(*it().find_claim("me", "young"), std::nullopt);
}

TEST_P(store_conformance, goes_by_the_age_of_a_claim_that_was_replaced) {
  write({put_claim{claim_for(strm, "me", "key", {100})}});
  write({put_claim{claim_for(strm, "me", "key", {300})}});
  EXPECT_EQ(*it().sweep_expired(never, {200}, no_bound), 0u);
  EXPECT_NE(*it().find_claim("me", "key"), std::nullopt);
}

TEST_P(store_conformance, goes_by_the_end_of_a_stream_that_was_replaced) {
  write({put_stream{finished_at(full_stream(conv, strm, answer), 100)}});
  write({put_stream{finished_at(full_stream(conv, strm, answer), 300)}});
  EXPECT_EQ(*it().sweep_expired({200}, never, no_bound), 0u);
  EXPECT_TRUE(it().get_stream(strm));
}

TEST_P(store_conformance, removes_no_more_than_it_may_the_oldest_first) {
  for (std::uint64_t n = 0; n < 10; ++n) {
    auto id = stream_number(40 + n);
    auto end = static_cast<std::int64_t>(1000 - n);
    write({put_stream{finished_at(full_stream(conv, id, answer), end)}});
  }
  EXPECT_EQ(*it().sweep_expired({5000}, never, 0), 0u);
  EXPECT_EQ(*it().sweep_expired({5000}, never, 3), 3u);
  EXPECT_ERROR(it().get_stream(stream_number(49)), errc::stream_expired);
  EXPECT_ERROR(it().get_stream(stream_number(47)), errc::stream_expired);
  EXPECT_TRUE(it().get_stream(stream_number(46)));
  EXPECT_EQ(*it().sweep_expired({5000}, never, no_bound), 7u);
}

TEST_P(store_conformance, drops_a_tombstone_when_its_time_is_over) {
  constexpr auto life = static_cast<std::int64_t>(tombstone_life.count());
  write({put_stream{finished_at(full_stream(conv, strm, answer), 100)}});
  EXPECT_EQ(*it().sweep_expired({200}, {200}, no_bound), 1u);
  EXPECT_EQ(*it().sweep_expired({100 + life}, {100 + life}, no_bound), 0u);
  EXPECT_ERROR(it().get_stream(strm), errc::stream_expired);
  EXPECT_EQ(*it().sweep_expired({101 + life}, {101 + life}, no_bound), 1u);
  EXPECT_ERROR(it().get_stream(strm), errc::stream_not_found);
}

TEST_P(store_conformance, keeps_a_tombstone_while_a_claim_may_lead_to_it) {
  constexpr auto life = static_cast<std::int64_t>(tombstone_life.count());
  write({put_stream{finished_at(full_stream(conv, strm, answer), 100)},
         put_claim{claim_for(strm, "me", "key", {50})}});
  EXPECT_EQ(*it().sweep_expired({101 + life}, {40}, no_bound), 1u);
  EXPECT_EQ(*it().sweep_expired({101 + life}, {40}, no_bound), 0u);
  EXPECT_ERROR(it().get_stream(strm), errc::stream_expired);
  EXPECT_EQ(*it().sweep_expired({101 + life}, {101}, no_bound), 2u);
  EXPECT_ERROR(it().get_stream(strm), errc::stream_not_found);
}

TEST_P(store_conformance, erases_the_tombstones_of_a_conversation) {
  write({put_conversation{full_conversation(conv, {1})},
         put_stream{finished_at(full_stream(conv, strm, answer), 100)},
         put_claim{claim_for(strm, "me", "key", {300})}});
  EXPECT_EQ(*it().sweep_expired({200}, never, no_bound), 1u);
  write({erase_conversation{conv}});
  EXPECT_ERROR(it().get_stream(strm), errc::stream_not_found);
  EXPECT_EQ(*it().find_claim("me", "key"), std::nullopt);
}

TEST_P(store_conformance, drops_segments_left_behind_by_an_expired_stream) {
  write({put_stream{open_stream(conv, strm, answer)},
         append_segment{text_segment(strm, 2, "text")}});
  write({put_stream{finished_at(full_stream(conv, strm, answer), 100)}});
  EXPECT_EQ(*it().sweep_expired({200}, never, no_bound), 1u);
  write({put_stream{open_stream(conv, strm, answer)}});
  EXPECT_TRUE(it().load_stream(strm)->segments.empty());
}

} // namespace parley::storage
