#include "wire/json.hpp"

#include <cmath>
#include <limits>
#include <random>
#include <string>

#include <gtest/gtest.h>

#include "chat/limits.hpp"
#include "wire/json_writer.hpp"

namespace parley::wire {
namespace {

std::string nested(std::size_t depth, std::string_view open,
                   std::string_view close, std::string_view inner) {
  std::string text;
  for (std::size_t i = 0; i < depth; ++i)
    text += open;
  text += inner;
  for (std::size_t i = 0; i < depth; ++i)
    text += close;
  return text;
}

std::string detail_of(std::string_view body) {
  const auto tree = parse_json(body);
  if (tree)
    return "was taken";
  EXPECT_EQ(tree.error().code, errc::malformed_json);
  return tree.error().detail;
}

// -- reading ------------------------------------------------------------------

TEST(parse_json, takes_every_kind_of_value) {
  const auto tree = parse_json(
    R"( {"a":[1,-2,3.5,1e3,true,false,null,"x\u00e4\ud83d\ude42\n"],"b":{}} )");
  ASSERT_TRUE(tree);
  EXPECT_EQ((*tree)["a"].size(), 8u);
  EXPECT_EQ((*tree)["a"][7], "x\xC3\xA4\xF0\x9F\x99\x82\n");
  EXPECT_TRUE((*tree)["b"].is_object());
  EXPECT_EQ(*parse_json("7"), 7);
  EXPECT_EQ(*parse_json("[[],[[]],{}]"), nlohmann::json::parse("[[],[[]],{}]"));
}

TEST(parse_json, refuses_what_is_not_one_value) {
  for (const std::string bad :
       {"",         " ",          "{",       "}",        "{} {}",    "{}x",
        "[1,]",     "{\"a\":1,}", "{'a':1}", "{a:1}",    "nul",      "NaN",
        "Infinity", "01",         "1.",      ".5",       "+1",       "0x10",
        "\"",       "\"a",        "\"\\x\"", "\"a\nb\"", "// c\n{}", "1e999",
        "[1 2]",    "{\"a\" 1}",  "{\"a\":}"})
    EXPECT_NE(detail_of(bad), "was taken") << bad;
}

TEST(parse_json, tells_where_it_failed) {
  EXPECT_NE(detail_of(R"({"a":1,])").find("byte 8"), std::string::npos);
}

TEST(parse_json, refuses_invalid_utf_8) {
  for (const std::string bad :
       {"\"\xFF\"", "\"\xC3\"", "\"\xC0\x80\"", "\"\xED\xA0\x80\"",
        "\"\xF4\x90\x80\x80\"", "{\"\xFF\":1}"})
    EXPECT_NE(detail_of(bad), "was taken");
}

TEST(parse_json, refuses_lone_surrogates) {
  for (const std::string bad : {R"("\ud83d")", R"("\ude42")", R"("\ud83dx")",
                                R"("\ud83d\u0041")", R"("\ud83d\ud83d")"})
    EXPECT_NE(detail_of(bad), "was taken") << bad;
}

TEST(parse_json, refuses_nul_bytes_but_takes_their_escape) {
  EXPECT_NE(detail_of(std::string{"{}\0", 3}), "was taken");
  EXPECT_NE(detail_of(std::string{"{}\0garbage", 10}), "was taken");
  EXPECT_NE(detail_of(std::string{"\"a\0b\"", 5}), "was taken");
  EXPECT_EQ(*parse_json(R"("a\u0000b")"), (std::string{"a\0b", 3}));
}

TEST(parse_json, refuses_two_members_of_one_name) {
  EXPECT_NE(detail_of(R"({"a":1,"b":2,"a":1})").find("\"a\""),
            std::string::npos);
  EXPECT_NE(detail_of(R"([{"x":{"a":1,"\u0061":2}}])"), "was taken");
  EXPECT_EQ(detail_of(R"([{"a":1},{"a":1}])"), "was taken");
  EXPECT_EQ(detail_of(R"({"a":{"a":{"a":1}}})"), "was taken");
}

TEST(parse_json, nests_to_the_limit_and_no_deeper) {
  const auto limit = limits::max_json_depth;
  EXPECT_EQ(detail_of(nested(limit, "[", "]", "")), "was taken");
  EXPECT_NE(detail_of(nested(limit + 1, "[", "]", "")), "was taken");
  EXPECT_EQ(detail_of(nested(limit, "{\"a\":", "}", "1")), "was taken");
  EXPECT_NE(detail_of(nested(limit + 1, "{\"a\":", "}", "1")), "was taken");
  EXPECT_NE(detail_of(std::string(1'000'000, '[')), "was taken");
  EXPECT_NE(detail_of(nested(300'000, "{\"a\":", "", "")), "was taken");
}

TEST(parse_json, does_not_put_a_long_name_into_its_error) {
  const std::string name(100'000, 'n');
  EXPECT_LT(detail_of("{\"" + name + "\":1,\"" + name + "\":2}").size(), 200u);
}

// -- digest -------------------------------------------------------------------

std::uint64_t digest_of(std::string_view text) {
  return digest(parse_json(text).value());
}

TEST(digest, does_not_see_order_or_white_space) {
  EXPECT_EQ(digest_of(R"({"a":1,"b":[1,{"x":null,"y":true}]})"),
            digest_of(R"( { "b" : [ 1 , {"y":true,"x":null} ], "a" : 1 } )"));
}

TEST(digest, sees_numbers_by_value) {
  EXPECT_EQ(digest_of("1"), digest_of("1.0"));
  EXPECT_EQ(digest_of("100"), digest_of("1e2"));
  EXPECT_EQ(digest_of("-5"), digest_of("-5.0"));
  EXPECT_EQ(digest_of("0"), digest_of("-0.0"));
  EXPECT_EQ(digest_of("9223372036854775808"),
            digest_of("9.223372036854775808e18"));
  EXPECT_NE(digest_of("1"), digest_of("-1"));
  EXPECT_NE(digest_of("1"), digest_of("1.5"));
}

TEST(digest, sees_every_difference) {
  const std::vector<std::string> all{
    "null",       "false",          "true",           "0",
    "1",          "\"\"",           "\"1\"",          "[]",
    "{}",         "[[]]",           "[{}]",           "[null]",
    "[1,2]",      "[2,1]",          "[[1],2]",        "[[1,2]]",
    "\"null\"",   "{\"a\":1}",      "{\"a\":\"1\"}",  "{\"b\":1}",
    "{\"a\":{}}", "[\"ab\",\"c\"]", "[\"a\",\"bc\"]", "1.5",
    "2.5"};
  for (const auto& one : all)
    for (const auto& other : all)
      EXPECT_EQ(digest_of(one) == digest_of(other), one == other)
        << one << " " << other;
}

// Claims on disk hold digests: a changed function would make clients' retries
// fail after an upgrade.
TEST(digest, never_changes) {
  EXPECT_EQ(digest_of(R"({"message":"hello","max_tokens":5})"),
            9281231884512683488u);
}

// -- writing ------------------------------------------------------------------

std::string json_text(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

TEST(append_json_string, escapes_what_must_be_and_nothing_else) {
  EXPECT_EQ(json_text(""), R"("")");
  EXPECT_EQ(json_text("plain / text \x7F \xC3\xA4"),
            "\"plain / text \x7F \xC3\xA4\"");
  EXPECT_EQ(json_text("\"\\\b\f\n\r\t"), R"("\"\\\b\f\n\r\t")");
  EXPECT_EQ(json_text(std::string{"\0\x01\x1f", 3}), R"("\u0000\u0001\u001f")");
}

TEST(append_json_string, every_character_reads_back_at_every_place) {
  for (int c = 0; c < 128; ++c)
    for (std::size_t before = 0; before < 17; ++before) {
      const auto text =
        std::string(before, 'x') + static_cast<char>(c) + "tail";
      ASSERT_EQ(nlohmann::json::parse(json_text(text)), text) << c << before;
    }
}

TEST(append_json_string, random_text_reads_back) {
  std::mt19937 random{3};
  for (int round = 0; round < 2000; ++round) {
    std::string text;
    for (auto n = random() % 60; n > 0; --n)
      text += random() % 3 == 0 ? static_cast<char>(random() % 128) : 'a';
    ASSERT_EQ(*parse_json(json_text(text)), text);
  }
}

TEST(append_json_number, prints_the_shortest_text_that_reads_back) {
  const auto text = [](auto value) {
    std::string out;
    append_json_number(out, value);
    return out;
  };
  EXPECT_EQ(text(0.7), "0.7");
  EXPECT_EQ(text(std::uint64_t{UINT64_MAX}), "18446744073709551615");
  EXPECT_EQ(text(std::int64_t{INT64_MIN}), "-9223372036854775808");
  EXPECT_EQ(text(std::numeric_limits<double>::infinity()), "null");
  EXPECT_EQ(text(std::nan("")), "null");
}

TEST(json_writer, writes_members_in_order_with_commas_between) {
  std::string out;
  json_writer to{out};
  to.begin_object();
  to.key("z").number(1).key("a").begin_array();
  to.null().boolean(true).string("x").begin_object().end_object();
  to.end_array().key("r").raw("[1, 2]").key("n").string_or_null("");
  to.end_object();
  EXPECT_EQ(out, R"({"z":1,"a":[null,true,"x",{}],"r":[1, 2],"n":null})");
}

// -- raw members --------------------------------------------------------------

TEST(raw_members, gives_each_value_as_it_stands) {
  const auto members = raw_members(
    "\xEF\xBB\xBF { \"a\" : 1.00 , \"b\\u0041\":\"q\\\"]}\",\n"
    "\"c\":{\"z\":[1, {\"y\":\"}\"}],\"a\":null} ,\"d\":[ ],\"e\":true } ");
  ASSERT_EQ(members.size(), 5u);
  EXPECT_EQ(members[0],
            (std::pair<std::string, std::string_view>{"a", "1.00"}));
  EXPECT_EQ(members[1].first, "bA");
  EXPECT_EQ(members[1].second, R"("q\"]}")");
  EXPECT_EQ(members[2].second, R"({"z":[1, {"y":"}"}],"a":null})");
  EXPECT_EQ(members[3].second, "[ ]");
  EXPECT_EQ(members[4].second, "true");
  EXPECT_TRUE(raw_members(" { } ").empty());
}

} // namespace
} // namespace parley::wire
