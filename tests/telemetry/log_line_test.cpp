#include "telemetry/log_line.hpp"

#include <limits>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "chat/utf8.hpp"

namespace parley::telemetry {
namespace {

using config::log_level;

// 2026-11-22T18:30:00.123Z
const timestamp when{1'795'372'200'123};

std::string text(fields with) {
  auto line = text_line(when, log_level::info, "e", with);
  const std::string head = "2026-11-22T18:30:00.123Z info e";
  EXPECT_TRUE(line.starts_with(head)) << line;
  return line.substr(head.size());
}

nlohmann::json json(fields with) {
  return nlohmann::json::parse(json_line(when, log_level::info, "e", with));
}

// -- text --------------------------------------------------------------------

TEST(a_text_line, has_time_level_event_and_fields) {
  EXPECT_EQ(text_line(when, log_level::info, "stream.finished",
                      {{"stream", "strm_1"}, {"ms", 12}}),
            "2026-11-22T18:30:00.123Z info stream.finished stream=strm_1 "
            "ms=12");
  EXPECT_EQ(text_line(when, log_level::error, "store.failed", {}),
            "2026-11-22T18:30:00.123Z error store.failed");
}

TEST(a_text_line, prints_numbers_and_flags_bare) {
  EXPECT_EQ(text({{"a", 0}, {"b", -5}, {"c", true}, {"d", false}, {"e", 1.5}}),
            " a=0 b=-5 c=true d=false e=1.5");
  EXPECT_EQ(text({{"a", std::numeric_limits<std::int64_t>::min()},
                  {"b", std::numeric_limits<double>::infinity()},
                  {"c", std::numeric_limits<double>::quiet_NaN()}}),
            " a=-9223372036854775808 b=\"inf\" c=\"nan\"");
}

TEST(a_text_line, quotes_values_that_could_be_taken_for_more) {
  EXPECT_EQ(text({{"a", ""}}), " a=\"\"");
  EXPECT_EQ(text({{"a", "x y"}}), " a=\"x y\"");
  EXPECT_EQ(text({{"a", "b=c"}}), " a=\"b=c\"");
  EXPECT_EQ(text({{"a", "say \"hi\""}}), " a=\"say \\\"hi\\\"\"");
  EXPECT_EQ(text({{"a", "back\\slash"}}), " a=\"back\\\\slash\"");
  EXPECT_EQ(text({{"a", "größer"}}), " a=größer");
}

TEST(a_text_line, cannot_be_split_by_a_value) {
  auto line = text({{"a", "x\n2026-11-22T18:30:00.123Z info forged"},
                    {"b", "\r\t\x1b[31m\x7f"},
                    {"c", std::string_view{"\0", 1}},
                    {"d", "\u2028\u0085"},
                    {"e", "\u202egnp"}});
  EXPECT_EQ(line, " a=\"x\\n2026-11-22T18:30:00.123Z info forged\""
                  " b=\"\\r\\t\\u001b[31m\\u007f\""
                  " c=\"\\u0000\""
                  " d=\"\\u2028\\u0085\""
                  " e=\"\\u202egnp\"");
}

TEST(a_text_line, is_valid_utf8_whatever_the_values_are) {
  EXPECT_EQ(text({{"a", "x\xff\xc3"}}), " a=\"x\ufffd\ufffd\"");
  std::string all_bytes;
  for (int i = 0; i < 256; ++i)
    all_bytes += static_cast<char>(i);
  auto line =
    text_line(when, log_level::info, all_bytes, {{all_bytes, all_bytes}});
  EXPECT_TRUE(utf8::is_valid(line));
  for (auto c : line)
    EXPECT_GE(static_cast<unsigned char>(c), 0x20);
}

TEST(a_text_line, cuts_values_after_4_kib) {
  std::string long_value(10'000, 'x');
  EXPECT_EQ(text({{"a", long_value}}),
            " a=\"" + std::string(4096, 'x') + "…\"");
  EXPECT_EQ(text({{"a", std::string(4096, 'x')}}),
            " a=" + std::string(4096, 'x'));
}

// -- JSON --------------------------------------------------------------------

TEST(a_json_line, is_one_object_with_time_level_event_and_fields) {
  EXPECT_EQ(
    json_line(when, log_level::warn, "stream.finished",
              {{"stream", "strm_1"}, {"ms", 12}, {"ok", true}}),
    R"({"time":"2026-11-22T18:30:00.123Z","level":"warn",)"
    R"("event":"stream.finished","stream":"strm_1","ms":12,"ok":true})");
}

TEST(a_json_line, prefixes_fields_that_clash) {
  auto object = json({{"time", 1}, {"level", 2}, {"event", 3}, {"x", 4}});
  EXPECT_EQ(object["event"], "e");
  EXPECT_EQ(object["field_time"], 1);
  EXPECT_EQ(object["field_level"], 2);
  EXPECT_EQ(object["field_event"], 3);
  EXPECT_EQ(object["x"], 4);
  EXPECT_EQ(object.size(), 7u);
}

TEST(a_json_line, gives_back_every_valid_text) {
  for (std::string value :
       {"", "a b", "say \"hi\"", "back\\slash", "a\nb\r\tc", "\x01\x1f\x7f",
        "größer 日本語 😀", "\u2028\u202e", "</script>"})
    EXPECT_EQ(json({{"a", value}})["a"], value);
}

TEST(a_json_line, is_one_line_and_valid_whatever_the_values_are) {
  std::string all_bytes;
  for (int i = 0; i < 256; ++i)
    all_bytes += static_cast<char>(i);
  auto line =
    json_line(when, log_level::info, all_bytes, {{all_bytes, all_bytes}});
  EXPECT_EQ(line.find('\n'), std::string::npos);
  EXPECT_TRUE(utf8::is_valid(line));
  EXPECT_TRUE(nlohmann::json::accept(line)) << line;
}

TEST(a_json_line, writes_numbers_that_json_has_not_as_texts) {
  auto object = json({{"a", std::numeric_limits<double>::infinity()},
                      {"b", -std::numeric_limits<double>::infinity()},
                      {"c", std::numeric_limits<double>::quiet_NaN()},
                      {"d", 1e300},
                      {"e", -0.25}});
  EXPECT_EQ(object["a"], "inf");
  EXPECT_EQ(object["b"], "-inf");
  EXPECT_EQ(object["c"], "nan");
  EXPECT_EQ(object["d"], 1e300);
  EXPECT_EQ(object["e"], -0.25);
}

} // namespace
} // namespace parley::telemetry
