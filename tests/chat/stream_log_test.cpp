#include "chat/stream_log.hpp"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "chat/limits.hpp"
#include "chat/utf8.hpp"

namespace parley {
namespace {

constexpr std::size_t plenty = limits::max_batch_bytes;

start_event start() {
  id_generator ids{node_tag{1}};
  return {ids.next<stream_id>(), ids.next<conversation_id>(),
          ids.next<message_id>(), ids.next<message_id>(), "eliza"};
}

std::vector<event> read_all(const stream_log& log, seq_t after) {
  auto place = log.at(after).value();
  std::vector<event> out;
  while (log.read(place, plenty, out)) {
  }
  return out;
}

TEST(stream_log, numbers_code_points_after_the_start_frame) {
  stream_log log{start()};
  EXPECT_EQ(log.last_seq(), 1u);
  log.append_text(text_kind::content, "a\xC3\xA4z");
  EXPECT_EQ(log.last_seq(), 4u);
  log.append_text(text_kind::content, "");
  EXPECT_EQ(log.last_seq(), 4u);
  log.append_tool_call({0, "call_1", "f", "{"});
  EXPECT_EQ(log.last_seq(), 5u);
  EXPECT_EQ(log.finish(done_event{}), 6u);
  EXPECT_EQ(log.last_seq(), 6u);
}

TEST(stream_log, joins_neighbouring_text_of_a_kind) {
  stream_log log{start()};
  for (const auto* text : {"Hel", "lo", " you"})
    log.append_text(text_kind::content, text);
  log.append_text(text_kind::reasoning, "hm");
  const auto events = read_all(log, 1);
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[0],
            event{(text_event{text_kind::content, "Hello you", 10})});
  EXPECT_EQ(events[1], event{(text_event{text_kind::reasoning, "hm", 12})});
}

TEST(stream_log, a_reader_at_the_end_gets_what_is_appended_to_the_same_run) {
  stream_log log{start()};
  log.append_text(text_kind::content, "one");
  auto place = log.at(0).value();
  std::vector<event> out;
  EXPECT_FALSE(log.read(place, plenty, out));
  ASSERT_EQ(out.size(), 2u);
  log.append_text(text_kind::content, "two");
  out.clear();
  EXPECT_FALSE(log.read(place, plenty, out));
  ASSERT_EQ(out.size(), 1u);
  EXPECT_EQ(out[0], event{(text_event{text_kind::content, "two", 7})});
}

TEST(stream_log, a_place_at_the_end_is_where_the_same_run_goes_on) {
  stream_log log{start()};
  log.append_text(text_kind::content, "one");
  auto place = log.at(log.last_seq()).value();
  log.append_text(text_kind::content, "two");
  std::vector<event> out;
  EXPECT_FALSE(log.read(place, plenty, out));
  ASSERT_EQ(out.size(), 1u);
  EXPECT_EQ(out[0], event{(text_event{text_kind::content, "two", 7})});
}

TEST(stream_log, an_empty_log_can_be_waited_on) {
  stream_log log{start()};
  auto place = log.at(1).value();
  std::vector<event> out;
  EXPECT_FALSE(log.read(place, plenty, out));
  EXPECT_TRUE(out.empty());
  log.append_tool_call({0, "id", "name", ""});
  log.append_text(text_kind::content, "x");
  log.finish(done_event{});
  EXPECT_FALSE(log.read(place, plenty, out));
  EXPECT_EQ(out.size(), 3u);
  EXPECT_TRUE(log.at_end(place));
}

TEST(stream_log, never_splits_a_character) {
  stream_log log{start()};
  log.append_text(text_kind::content, "\xF0\x9F\x99\x82\xF0\x9F\x99\x82");
  auto place = log.at(1).value();
  std::vector<event> out;
  EXPECT_TRUE(log.read(place, 1, out));
  ASSERT_EQ(out.size(), 1u);
  EXPECT_EQ(std::get<text_event>(out[0]).chunk, "\xF0\x9F\x99\x82");
  EXPECT_FALSE(log.read(place, 7, out));
  EXPECT_EQ(std::get<text_event>(out[1]).chunk, "\xF0\x9F\x99\x82");
}

TEST(stream_log, cuts_long_text_into_frames_and_batches) {
  stream_log log{start()};
  log.append_text(text_kind::content, std::string(300'000, 'x'));
  auto place = log.at(1).value();
  std::vector<event> out;
  EXPECT_TRUE(log.read(place, limits::max_batch_bytes, out));
  std::size_t bytes = 0;
  for (const auto& x : out) {
    EXPECT_LE(std::get<text_event>(x).chunk.size(), limits::max_frame_bytes);
    bytes += std::get<text_event>(x).chunk.size();
  }
  EXPECT_LE(bytes, limits::max_batch_bytes);
  EXPECT_FALSE(log.read(place, limits::max_batch_bytes, out));
}

TEST(stream_log, a_cursor_ahead_of_a_running_log_is_refused) {
  stream_log log{start()};
  log.append_text(text_kind::content, "abc");
  EXPECT_TRUE(log.at(4));
  const auto ahead = log.at(5);
  ASSERT_FALSE(ahead);
  EXPECT_EQ(ahead.error().code, errc::invalid_cursor);
}

TEST(stream_log, a_cursor_in_the_gap_before_the_end_gets_the_end) {
  stream_log log{start()};
  log.append_text(text_kind::content, "abc");
  error_event end{errc::interrupted, "The server died.", true,
                  limits::interrupted_seq};
  EXPECT_EQ(log.finish(end), limits::interrupted_seq);
  for (const seq_t after : {seq_t{4}, seq_t{5}, limits::interrupted_seq - 1}) {
    const auto events = read_all(log, after);
    ASSERT_EQ(events.size(), 1u) << after;
    EXPECT_EQ(events[0], event{end});
  }
  for (const seq_t after : {limits::interrupted_seq, seq_t{UINT64_MAX}}) {
    EXPECT_TRUE(log.at_end(log.at(after).value()));
    EXPECT_TRUE(read_all(log, after).empty());
  }
}

TEST(stream_log, the_end_keeps_a_number_that_is_high_enough) {
  stream_log log{start()};
  log.append_text(text_kind::content, "abc");
  done_event end;
  end.seq = 3; // below what was told already
  EXPECT_EQ(log.finish(end), 5u);
}

TEST(stream_log, after_a_reset_only_new_text_counts) {
  stream_log log{start()};
  log.append_text(text_kind::content, "old");
  log.append_tool_call({0, "call_1", "f", "{}"});
  log.append_reset("retry");
  log.append_text(text_kind::content, "new");
  EXPECT_EQ(log.content(), "new");
  EXPECT_TRUE(log.tool_calls().empty());
  EXPECT_EQ(log.content_code_points(), 3u);
  EXPECT_EQ(log.last_seq(), 9u);
}

TEST(stream_log, who_has_seen_text_gets_the_reset_and_who_has_not_does_not) {
  stream_log log{start()};
  log.append_text(text_kind::content, "old");
  auto waiting = log.at(2).value();
  log.append_reset("retry");
  log.append_text(text_kind::content, "new");
  const auto fresh = read_all(log, 0);
  ASSERT_EQ(fresh.size(), 2u);
  EXPECT_EQ(fresh[1], event{(text_event{text_kind::content, "new", 8})});
  std::vector<event> out;
  EXPECT_FALSE(log.read(waiting, plenty, out));
  ASSERT_EQ(out.size(), 2u);
  EXPECT_EQ(out[0], event{(reset_event{"retry", 5})});
  EXPECT_EQ(out[1], fresh[1]);
}

TEST(stream_log, joins_the_fragments_of_a_tool_call) {
  stream_log log{start()};
  log.append_tool_call({1, "call_b", "second", ""});
  log.append_tool_call({0, "call_a", "first", "{\"x\""});
  log.append_tool_call({1, "", "", "{}"});
  log.append_tool_call({0, "", "", ":1}"});
  const std::vector<tool_call> expected{{0, "call_a", "first", "{\"x\":1}"},
                                        {1, "call_b", "second", "{}"}};
  EXPECT_EQ(log.tool_calls(), expected);
}

TEST(stream_log, counts_at_least_a_byte_for_every_number) {
  stream_log log{start()};
  log.append_tool_call({});
  log.append_reset("");
  log.append_text(text_kind::content, "x");
  EXPECT_GE(log.size_bytes(), log.last_seq() - 1);
}

// -- what the store keeps -----------------------------------------------------

TEST(stream_log, refuses_a_layout_that_does_not_fit_its_message) {
  message answer;
  answer.content = "abc";
  using kind = layout_run::kind_t;
  const auto load = [&answer](std::vector<layout_run> layout, seq_t seq) {
    done_event end;
    end.seq = seq;
    return stream_log::from_layout(start(), layout, answer, end);
  };
  EXPECT_TRUE(load({{kind::content, 3, {}}}, 5));
  EXPECT_FALSE(load({{kind::content, 2, {}}}, 5));
  EXPECT_FALSE(load({{kind::content, 4, {}}}, 6));
  EXPECT_FALSE(load({{kind::reasoning, 3, {}}}, 5));
  EXPECT_FALSE(load({}, 5));
  EXPECT_FALSE(load({{kind::content, 3, {}}}, 4)) << "the end is not the last";
  EXPECT_FALSE(load({{kind::discarded, UINT64_MAX, {}}}, 5));
  const auto failed = load({}, 5);
  EXPECT_EQ(failed.error().code, errc::internal);
}

TEST(stream_log, takes_segments_up_to_the_first_gap) {
  using kind = log_entry::kind_t;
  const auto begin = start();
  const std::vector<log_segment> segments{
    {begin.stream, 2, {{kind::content, "ab", {}}}},
    {begin.stream, 4, {{kind::content, "c", {}}}},
    {begin.stream, 7, {{kind::content, "lost", {}}}},
    {begin.stream, 5, {{kind::content, "late", {}}}},
  };
  EXPECT_EQ(segments[0].last_seq(), 3u);
  const auto log = stream_log::from_segments(begin, segments);
  EXPECT_EQ(log.content(), "abc");
  EXPECT_EQ(log.last_seq(), 4u);
  EXPECT_FALSE(log.finished());
}

TEST(stream_log, reading_a_long_answer_costs_what_is_read) {
  // Ten million characters in one run, read in small pieces: were a read to
  // scan the run, this would take hours.
  stream_log log{start()};
  const std::string piece(1000, 'x');
  for (int i = 0; i < 10'000; ++i)
    log.append_text(text_kind::content, piece);
  auto place = log.at(1).value();
  std::vector<event> out;
  std::size_t reads = 1;
  while (log.read(place, 100, out)) {
    out.clear();
    ++reads;
  }
  EXPECT_EQ(reads, 100'000u);
  EXPECT_EQ(place.seq, 10'000'001u);
}

} // namespace
} // namespace parley
