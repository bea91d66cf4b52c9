// The log's promises on random histories: whoever reads from wherever, in
// whatever pieces, ends up with the same text, under rising numbers.
#include <map>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "chat/limits.hpp"
#include "chat/stream_log.hpp"
#include "chat/utf8.hpp"

namespace parley {
namespace {

using randomness = std::mt19937_64;

start_event make_start() {
  id_generator ids{node_tag{1}};
  return {ids.next<stream_id>(), ids.next<conversation_id>(),
          ids.next<message_id>(), ids.next<message_id>(), "m"};
}

std::string random_text(randomness& random, std::size_t max_points) {
  static const std::vector<std::string> letters{
    "a", "b", " ", "\n", "\xC3\xA4", "\xE2\x82\xAC", "\xF0\x9F\x99\x82"};
  std::string text;
  for (auto n = random() % (max_points + 1); n > 0; --n)
    text += letters[random() % letters.size()];
  return text;
}

log_entry random_entry(randomness& random) {
  using kind = log_entry::kind_t;
  const auto dice = random() % 100;
  if (dice < 60)
    return {kind::content, random_text(random, 12), {}};
  if (dice < 80)
    return {kind::reasoning, random_text(random, 12), {}};
  if (dice < 96) {
    const auto index = static_cast<std::uint32_t>(random() % 3);
    return {kind::tool_call, {}, {index, "", "", random_text(random, 4)}};
  }
  return {kind::reset, "again", {}};
}

// What a client makes of the frames that it is sent.
struct client {
  std::string content;
  std::string reasoning;
  std::map<std::uint32_t, std::string> arguments;
  seq_t seq = 0;
  std::size_t terminals = 0;
  stream_log::cursor place; // kept while the log grows

  void take(const event& x) {
    ASSERT_GT(seq_of(x), seq) << "numbers must rise";
    ASSERT_EQ(terminals, 0u) << "nothing comes behind the end";
    seq = seq_of(x);
    if (const auto* text = std::get_if<text_event>(&x)) {
      ASSERT_FALSE(text->chunk.empty());
      ASSERT_TRUE(utf8::is_valid(text->chunk));
      ASSERT_LE(text->chunk.size(), limits::max_frame_bytes);
      (text->kind == text_kind::content ? content : reasoning) += text->chunk;
    } else if (const auto* call = std::get_if<tool_call_event>(&x)) {
      arguments[call->delta.index] += call->delta.arguments;
    } else if (std::holds_alternative<reset_event>(x)) {
      content.clear();
      reasoning.clear();
      arguments.clear();
    }
    terminals += is_terminal(x) ? 1 : 0;
  }

  void expect_has_all_of(const stream_log& log) const {
    EXPECT_EQ(content, log.content());
    EXPECT_EQ(reasoning, log.reasoning());
    for (const auto& call : log.tool_calls()) {
      const auto found = arguments.find(call.index);
      ASSERT_NE(found, arguments.end());
      EXPECT_EQ(found->second, call.arguments);
    }
    EXPECT_EQ(seq, log.last_seq());
  }
};

// Reads in random pieces; sometimes, also at the end of what there is, forgets
// its place and asks for it again by number, as a client does that was cut off.
void catch_up(const stream_log& log, client& who, randomness& random) {
  for (bool more = true; more;) {
    std::vector<event> out;
    more = log.read(who.place, 1 + random() % 40, out);
    for (const auto& x : out)
      who.take(x);
    // Further where a reset was skipped that the client need not know of.
    EXPECT_GE(who.place.seq, who.seq);
    if (random() % 4 == 0)
      who.place = log.at(who.seq).value();
  }
}

std::vector<event> read_from(const stream_log& log, seq_t after) {
  auto place = log.at(after).value();
  std::vector<event> out;
  while (log.read(place, limits::max_batch_bytes, out)) {
  }
  return out;
}

void expect_same_from_everywhere(const stream_log& one,
                                 const stream_log& other) {
  ASSERT_EQ(one.last_seq(), other.last_seq());
  for (seq_t after = 0; after <= one.last_seq(); ++after)
    ASSERT_EQ(read_from(one, after), read_from(other, after)) << after;
}

// A log as a session writes it, with the segments that a journal would keep.
struct history {
  start_event begin = make_start();
  stream_log log{begin};
  std::vector<log_segment> segments;
  seq_t last_reset = 0;

  void append(const log_entry& entry, bool flush) {
    if (flush || segments.empty())
      segments.push_back({begin.stream, log.last_seq() + 1, {}});
    segments.back().entries.push_back(entry);
    log.append(entry);
    EXPECT_EQ(segments.back().last_seq(), log.last_seq());
    if (entry.kind == log_entry::kind_t::reset)
      last_reset = log.last_seq();
  }
};

class stream_log_property : public testing::TestWithParam<std::uint64_t> {};

TEST_P(stream_log_property, every_reader_gets_everything_once) {
  randomness random{GetParam()};
  history story;
  std::vector<client> readers(4);
  for (auto steps = random() % 60; steps > 0; --steps) {
    story.append(random_entry(random), random() % 3 == 0);
    for (auto& reader : readers)
      if (random() % 3 == 0)
        catch_up(story.log, reader, random);
  }
  story.log.finish(done_event{});
  for (auto& reader : readers) {
    catch_up(story.log, reader, random);
    reader.expect_has_all_of(story.log);
    EXPECT_EQ(reader.terminals, 1u);
    EXPECT_TRUE(story.log.at_end(story.log.at(reader.seq).value()));
  }
}

TEST_P(stream_log_property, resuming_from_any_number_gives_the_exact_rest) {
  randomness random{GetParam()};
  history story;
  for (auto steps = random() % 30; steps > 0; --steps)
    story.append(random_entry(random), false);
  story.log.finish(done_event{});
  const auto content = story.log.content();
  for (seq_t after = 0; after <= story.log.last_seq(); ++after) {
    // Who was cut off here knows the text up to here, one number at a time.
    client before;
    auto place = story.log.at(0).value();
    for (std::vector<event> out; before.seq < after;) {
      out.clear();
      story.log.read(place, 1, out);
      for (const auto& x : out)
        if (seq_of(x) <= after)
          before.take(x);
        else
          before.seq = after; // numbers that a reset has swallowed
    }
    before.seq = after;
    for (const auto& x : read_from(story.log, after))
      before.take(x);
    before.expect_has_all_of(story.log);
  }
}

TEST_P(stream_log_property, a_stored_log_reads_like_the_live_one) {
  randomness random{GetParam()};
  history story;
  for (auto steps = random() % 40; steps > 0; --steps)
    story.append(random_entry(random), random() % 3 == 0);
  expect_same_from_everywhere(
    story.log, stream_log::from_segments(story.begin, story.segments));
  done_event end;
  end.message = story.begin.message;
  end.seq = random() % 2 == 0 ? 0 : story.log.last_seq() + 1 + random() % 9;
  end.seq = story.log.finish(end);
  message answer;
  answer.content = story.log.content();
  answer.reasoning = story.log.reasoning();
  const auto loaded =
    stream_log::from_layout(story.begin, story.log.layout(), answer, end);
  ASSERT_TRUE(loaded) << loaded.error().detail;
  expect_same_from_everywhere(story.log, *loaded);
  EXPECT_EQ(loaded->layout(), story.log.layout());
  EXPECT_EQ(loaded->content(), story.log.content());
  EXPECT_EQ(loaded->tool_calls(), story.log.tool_calls());
  EXPECT_EQ(loaded->content_code_points(), story.log.content_code_points());
}

INSTANTIATE_TEST_SUITE_P(random_histories, stream_log_property,
                         testing::Range<std::uint64_t>(0, 300));

} // namespace
} // namespace parley
