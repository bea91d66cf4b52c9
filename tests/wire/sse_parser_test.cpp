#include "wire/sse_parser.hpp"

#include <algorithm>
#include <memory>
#include <ostream>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "chat/event.hpp"
#include "wire/sse_encoder.hpp"

namespace parley::wire {
namespace {

struct told {
  std::string data;
  std::string event;
  std::string id;

  friend bool operator==(const told&, const told&) = default;
  friend std::ostream& operator<<(std::ostream& out, const told& x) {
    return out << "{data:" << x.data << " event:" << x.event << " id:" << x.id
               << "}";
  }
};

struct outcome {
  std::vector<told> events;
  bool failed = false;

  friend bool operator==(const outcome&, const outcome&) = default;
};

outcome parse(const std::vector<std::string>& pieces, std::size_t limit = 1000,
              bool finish = false) {
  outcome got;
  sse_parser parser{limit};
  const auto take = [&got](const sse_event& x) {
    got.events.push_back(
      {std::string{x.data}, std::string{x.event}, std::string{x.id}});
  };
  for (const auto& piece : pieces) {
    // A copy that dies at once: no view may outlive its feed.
    const auto bytes = std::make_unique<char[]>(piece.size());
    std::copy(piece.begin(), piece.end(), bytes.get());
    if (!parser.feed({bytes.get(), piece.size()}, take))
      got.failed = true;
  }
  if (finish)
    parser.finish(take);
  return got;
}

std::vector<told> events_of(const std::string& stream) {
  return parse({stream}).events;
}

using all = std::vector<told>;

TEST(sse_parser, tells_data_event_and_id) {
  EXPECT_EQ(events_of("event: add\ndata: 73857293\nid: 1\n\n"),
            (all{{"73857293", "add", "1"}}));
}

TEST(sse_parser, keeps_the_last_id_and_forgets_the_event_name) {
  EXPECT_EQ(events_of("id: 7\nevent: x\ndata: a\n\ndata: b\n\nid\ndata: c\n\n"),
            (all{{"a", "x", "7"}, {"b", "", "7"}, {"c", "", ""}}));
}

TEST(sse_parser, takes_every_line_end) {
  for (const std::string end : {"\n", "\r", "\r\n"})
    EXPECT_EQ(events_of("data: a" + end + "data: b" + end + end + "data: c"
                        + end + end),
              (all{{"a\nb", "", ""}, {"c", "", ""}}));
  EXPECT_EQ(events_of("data: a\r\n\rdata: b\n\r\n"),
            (all{{"a", "", ""}, {"b", "", ""}}));
}

TEST(sse_parser, joins_lines_of_data_with_line_feeds) {
  EXPECT_EQ(events_of("data: one\ndata:two\ndata\ndata:\ndata:  x\n\n"),
            (all{{"one\ntwo\n\n\n x", "", ""}}));
}

TEST(sse_parser, removes_one_space_only) {
  EXPECT_EQ(
    events_of("data:a\n\ndata: a\n\ndata:  a\n\ndata:\ta\n\n"),
    (all{{"a", "", ""}, {"a", "", ""}, {" a", "", ""}, {"\ta", "", ""}}));
}

TEST(sse_parser, an_event_with_empty_data_is_one_and_without_data_is_none) {
  EXPECT_EQ(events_of("data\n\ndata\ndata\n\ndata:\n\n"),
            (all{{"", "", ""}, {"\n", "", ""}, {"", "", ""}}));
  EXPECT_EQ(events_of("event: x\nid: 3\n\n\n\n: c\n\n"), (all{}));
}

TEST(sse_parser, skips_comments_and_unknown_fields) {
  EXPECT_EQ(events_of(": ping\n\n:\nretry: 1000\nfoo: bar\n data: no\n"
                      "Data: no\ndatax: no\ndata: yes\n\n"),
            (all{{"yes", "", ""}}));
}

TEST(sse_parser, ignores_an_id_that_holds_nul) {
  EXPECT_EQ(events_of(std::string{"id: 1\nid: 2\0\ndata: x\n\n", 22}),
            (all{{"x", "", "1"}}));
}

TEST(sse_parser, skips_one_byte_order_mark) {
  EXPECT_EQ(events_of("\xEF\xBB\xBF"
                      "data: a\n\n"),
            (all{{"a", "", ""}}));
  EXPECT_EQ(events_of("\xEF\xBB\xBF\xEF\xBB\xBF"
                      "data: a\n\n"),
            (all{}));
  EXPECT_EQ(events_of("data: a\n\xEF\xBB\xBF"
                      "data: b\n\n"),
            (all{{"a", "", ""}}));
}

TEST(sse_parser, an_event_without_its_blank_line_waits) {
  EXPECT_EQ(events_of("data: a\n"), (all{}));
  EXPECT_EQ(parse({"data: a\n"}, 1000, true).events, (all{{"a", "", ""}}));
  EXPECT_EQ(parse({"data: a\n\n"}, 1000, true).events, (all{{"a", "", ""}}));
  EXPECT_EQ(parse({"data: a\ndata: b"}, 1000, true).events,
            (all{{"a", "", ""}}))
    << "a line without its end is dropped";
  EXPECT_EQ(parse({"data: {\"cut"}, 1000, true).events, (all{}));
}

TEST(sse_parser, an_event_in_one_piece_is_not_copied) {
  const std::string bytes = "data: hello\n\n";
  sse_parser parser{100};
  const char* where = nullptr;
  ASSERT_TRUE(parser.feed(
    bytes, [&where](const sse_event& x) { where = x.data.data(); }));
  EXPECT_EQ(where, bytes.data() + 6);
}

TEST(sse_parser, refuses_a_line_or_an_event_above_the_limit) {
  const std::string exact = "data: " + std::string(14, 'x');
  EXPECT_EQ(parse({exact + "\n\n"}, 20).events.size(), 1u);
  EXPECT_TRUE(parse({exact + "x\n\n"}, 20).failed);
  EXPECT_TRUE(parse({exact, "x"}, 20).failed) << "before the line's end comes";
  EXPECT_TRUE(parse({": " + std::string(30, 'x')}, 20).failed);
  EXPECT_TRUE(parse({"data: 0123456789\ndata: 0123456789\n\n"}, 20).failed);
  sse_parser parser{5};
  const auto ignore = [](const sse_event&) {
  };
  const auto failed = parser.feed("data: x\n", ignore);
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, errc::upstream_protocol);
  EXPECT_FALSE(parser.feed("\n", ignore)) << "and ever after";
}

TEST(sse_parser, a_character_split_between_two_reads_is_whole) {
  EXPECT_EQ(parse({"data: \xF0\x9F", "\x99\x82\n\n"}).events,
            (all{{"\xF0\x9F\x99\x82", "", ""}}));
}

TEST(sse_parser, every_way_of_cutting_gives_the_same_events) {
  const std::string stream =
    "\xEF\xBB\xBF: hi\r\n\r\ndata: a\rdata: \xC3\xA4\r\n\r\nid: 5\nevent: "
    "e\ndata: b\n\n\rdata\n\ndata: c\r\r";
  const auto whole = parse({stream});
  ASSERT_EQ(whole.events.size(), 4u);
  for (std::size_t i = 0; i <= stream.size(); ++i)
    for (std::size_t j = i; j <= stream.size(); ++j)
      ASSERT_EQ(
        parse({stream.substr(0, i), stream.substr(i, j - i), stream.substr(j)}),
        whole)
        << i << " " << j;
}

TEST(sse_parser, random_streams_do_not_depend_on_their_cuts) {
  std::mt19937 random{4};
  const std::vector<std::string> parts{"data: ",
                                       "data",
                                       "id: ",
                                       "event:",
                                       "\n",
                                       "\r",
                                       "\r\n",
                                       "\n\n",
                                       "x",
                                       ":",
                                       " ",
                                       "\xEF\xBB\xBF",
                                       std::string(1, '\0'),
                                       "12345678"};
  for (int round = 0; round < 3000; ++round) {
    std::string stream;
    for (auto n = random() % 25; n > 0; --n)
      stream += parts[random() % parts.size()];
    const std::size_t limit = random() % 3 == 0 ? 12 : 1000;
    std::vector<std::string> pieces;
    for (std::size_t at = 0; at < stream.size();) {
      const auto size = random() % 6;
      pieces.push_back(stream.substr(at, size));
      at += size;
    }
    ASSERT_EQ(parse(pieces, limit, true), parse({stream}, limit, true))
      << stream;
  }
}

TEST(sse_parser, reads_what_our_encoder_writes) {
  std::string stream{sse_retry};
  stream += sse_ping;
  append_frame(stream, text_event{text_kind::content, "a\n\nb", 4},
               sse_dialect::native_with_ids);
  EXPECT_EQ(events_of(stream),
            (all{{R"({"chunk":"a\n\nb","type":"content","seq":4})", "", "4"}}));
}

TEST(sse_parser, many_line_ends_of_one_kind_cost_one_pass) {
  // Were each line to search the whole piece for the other line end, this
  // would take minutes.
  std::string stream;
  for (int i = 0; i < 1'000'000; ++i)
    stream += "data\r\r";
  EXPECT_EQ(events_of(stream).size(), 1'000'000u);
}

} // namespace
} // namespace parley::wire
