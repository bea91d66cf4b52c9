#include "config/options.hpp"
#include "config/quoting.hpp"
#include "config/values.hpp"
#include "tests/config/support.hpp"

namespace parley::config {
namespace {

using texts = std::vector<std::string>;

// -- what is taken -----------------------------------------------------------

TEST(a_file, holds_options_as_nested_keys) {
  auto values = settings_of_file(R"(
data-dir = "d"

[http]
listen = "0.0.0.0:80"
cors.origins = ["https://a", "https://b"]
compress-sse = true

[limits]
max-streams = 7
max-body-bytes = "64KiB"

[llm]
min-chars-per-second = 2.5
total-timeout = "1h"

[streams]
on-disconnect = "continue"
)");
  EXPECT_EQ(values.data_dir, "d");
  EXPECT_EQ(print(values.http.listen), "0.0.0.0:80");
  EXPECT_EQ(values.http.cors_origins, (texts{"https://a", "https://b"}));
  EXPECT_TRUE(values.http.compress_sse);
  EXPECT_EQ(values.limits.max_streams, 7u);
  EXPECT_EQ(values.limits.max_body_bytes, 64u * 1024);
  EXPECT_EQ(values.llm.min_chars_per_second, 2.5);
  EXPECT_EQ(values.llm.total_timeout, milliseconds{3'600'000});
  EXPECT_EQ(values.streams.on_disconnect, disconnect_default::keep);
}

TEST(a_file, may_nest_its_keys_in_every_way_that_toml_has) {
  for (auto text :
       {"http.cors.origins = [\"*\"]", "[http]\ncors.origins = [\"*\"]",
        "[http.cors]\norigins = [\"*\"]",
        "http = { cors = { origins = [\"*\"] } }",
        "\"http\".'cors'.origins = [\"*\"]"})
    EXPECT_EQ(settings_of_file(text).http.cors_origins, texts{"*"}) << text;
}

TEST(a_file, may_write_a_list_as_one_string) {
  EXPECT_EQ(settings_of_file("http.cors.origins = \"*\"").http.cors_origins,
            texts{"*"});
  EXPECT_EQ(
    settings_of_file("llm.fallback-models = \"a, b\"").llm.fallback_models,
    (texts{"a", "b"}));
}

TEST(a_file, keeps_commas_inside_the_items_of_an_array) {
  EXPECT_EQ(
    settings_of_file("llm.fallback-models = [\"a,b\"]").llm.fallback_models,
    texts{"a,b"});
}

TEST(a_file, may_write_numbers_in_every_way_that_toml_has) {
  EXPECT_EQ(settings_of_file("limits.max-streams = 1_000").limits.max_streams,
            1000u);
  EXPECT_EQ(settings_of_file("limits.max-streams = 0xff").limits.max_streams,
            255u);
  EXPECT_EQ(
    settings_of_file("limits.max-body-bytes = 2000").limits.max_body_bytes,
    2000u);
  EXPECT_EQ(
    settings_of_file("llm.min-chars-per-second = 2").llm.min_chars_per_second,
    2.0);
}

TEST(a_file, sets_every_option_that_may_stand_in_it) {
  for (const auto& row : options()) {
    if (row.from != sources::everywhere)
      continue;
    auto example = std::string{row.example};
    auto is_bare = row.kind == value_kind::boolean
                   || row.kind == value_kind::count
                   || row.kind == value_kind::number;
    auto text = std::string{row.name} + " = "
                + (is_bare ? example : toml_string(example)) + '\n';
    if (row.name.starts_with("cluster.")) {
      for (auto other : {"listen = \"127.0.0.1:9\"", "tls-cert-file = \"x\"",
                         "tls-key-file = \"x\"", "tls-ca-file = \"x\""}) {
        auto line = "cluster." + std::string{other} + '\n';
        if (!line.starts_with(std::string{row.name} + ' '))
          text += line;
      }
    }
    auto values =
      settings_from({"--config-file=p.toml"}, {},
                    {{"p.toml", text}, {"/run/secrets/llm_api_key", "sk-1"}});
    EXPECT_EQ(shown(row, values), example) << text;
  }
}

TEST(a_file, may_be_empty_or_begin_with_a_byte_order_mark) {
  settings_of_file("");
  settings_of_file("# nothing\n\n[http]\n[llm]\n");
  EXPECT_EQ(settings_of_file("\xef\xbb\xbf"
                             "data-dir = \"d\"\r\n")
              .data_dir,
            "d");
}

// -- what is refused ---------------------------------------------------------

TEST(a_file, with_unknown_keys_is_refused_and_the_nearest_named) {
  EXPECT_EQ(errors_of_file("[http]\nlisen = \"x\"\n"),
            "unknown option \"http.lisen\" (p.toml:2); the nearest one is "
            "http.listen");
  EXPECT_EQ(errors_of_file("\n[http.cors]\norigin = []\n"),
            "unknown option \"http.cors.origin\" (p.toml:3); the nearest one "
            "is http.cors.origins");
  EXPECT_EQ(errors_of_file("datadir = \"x\"\n"),
            "unknown option \"datadir\" (p.toml:1); the nearest one is "
            "data-dir");
  EXPECT_EQ(errors_of_file("[htp]\nlisten = \"x\"\n"),
            "unknown option \"htp\" (p.toml:1); the nearest one is http");
  EXPECT_EQ(errors_of_file("[http.cros]\n"),
            "unknown option \"http.cros\" (p.toml:1); the nearest one is "
            "http.cors");
}

TEST(a_file, with_a_dotted_key_in_quotes_is_refused) {
  EXPECT_EQ(errors_of_file("\"http.listen\" = \"127.0.0.1:1\"\n"),
            "unknown option \"http.listen\" (p.toml:1): a key in quotes is one "
            "name; write it without the quotes");
}

TEST(a_file, that_gives_a_group_a_value_is_refused) {
  EXPECT_EQ(errors_of_file("http = \"127.0.0.1:80\"\n"),
            "http (p.toml:1): is a group of options, written [http], not a "
            "string");
  EXPECT_EQ(errors_of_file("[[http]]\n"),
            "http (p.toml:1): is a group of options, written [http], not an "
            "array");
  EXPECT_EQ(errors_of_file("http.cors = true\n"),
            "http.cors (p.toml:1): is a group of options, written [http.cors], "
            "not a boolean");
}

TEST(a_file, that_gives_an_option_the_wrong_type_is_refused) {
  EXPECT_EQ(errors_of_file("limits.max-streams = \"5\""),
            "limits.max-streams = \"5\" (p.toml:1): must be an integer, not a "
            "string");
  EXPECT_EQ(errors_of_file("limits.max-streams = 5.0"),
            "limits.max-streams = 5 (p.toml:1): must be an integer, not a "
            "floating-point number");
  EXPECT_EQ(errors_of_file("http.compress-sse = \"true\""),
            "http.compress-sse = \"true\" (p.toml:1): must be true or false, "
            "without quotes, not a string");
  EXPECT_EQ(errors_of_file("http.compress-sse = 1"),
            "http.compress-sse = 1 (p.toml:1): must be true or false, without "
            "quotes, not an integer");
  EXPECT_EQ(errors_of_file("data-dir = true"),
            "data-dir = true (p.toml:1): must be a string, not a boolean");
  EXPECT_EQ(errors_of_file("limits.max-body-bytes = 1.5"),
            "limits.max-body-bytes = 1.5 (p.toml:1): must be an integer or a "
            "string such as \"64KiB\", not a floating-point number");
  EXPECT_EQ(errors_of_file("llm.min-chars-per-second = \"2\""),
            "llm.min-chars-per-second = \"2\" (p.toml:1): must be a number, "
            "not a string");
  EXPECT_EQ(errors_of_file("http.listen = [\"a:1\"]"),
            "http.listen = an array (p.toml:1): must be a string, not an "
            "array");
  EXPECT_EQ(errors_of_file("[http.listen]\nhost = \"a\""),
            "http.listen = a table (p.toml:1): must be a string, not a table");
}

TEST(a_file, with_a_date_or_a_time_is_refused) {
  EXPECT_EQ(errors_of_file("streams.retention = 2026-11-22"),
            "streams.retention = 2026-11-22 (p.toml:1): must be a string such "
            "as \"30s\", not a date");
  EXPECT_EQ(errors_of_file("streams.retention = 00:15:00"),
            "streams.retention = 00:15:00 (p.toml:1): must be a string such as "
            "\"30s\", not a time");
  EXPECT_EQ(errors_of_file("data-dir = 2026-11-22T18:30:00Z"),
            "data-dir = 2026-11-22T18:30:00Z (p.toml:1): must be a string, not "
            "a date and time");
}

TEST(a_file, with_a_duration_as_a_plain_number_is_told_to_add_a_unit) {
  EXPECT_EQ(errors_of_file("sse.heartbeat = 15"),
            "sse.heartbeat = 15 (p.toml:1): has no unit; a duration is a whole "
            "number and a unit, as in 1500ms, 30s, 15m or 24h");
}

TEST(a_file, with_numbers_that_are_none_is_refused) {
  for (auto text : {"nan", "inf", "-inf", "-1", "-0.0"})
    EXPECT_NE(errors_of_file("llm.min-chars-per-second = " + std::string{text}),
              "");
  EXPECT_EQ(errors_of_file("limits.max-streams = -5"),
            "limits.max-streams = -5 (p.toml:1): must be a whole number, "
            "written with digits only");
  EXPECT_EQ(errors_of_file("limits.max-streams = 0"),
            "limits.max-streams = 0 (p.toml:1): must be 1 to 1000000");
}

TEST(a_file, with_a_list_of_anything_but_strings_is_refused) {
  EXPECT_EQ(errors_of_file("http.cors.origins = [\"https://a\", 1]"),
            "http.cors.origins = an array (p.toml:1): must be an array of "
            "strings; item 2 is an integer");
  EXPECT_EQ(errors_of_file("http.cors.origins = [[\"a\"]]"),
            "http.cors.origins = an array (p.toml:1): must be an array of "
            "strings; item 1 is an array");
  EXPECT_EQ(errors_of_file("http.cors.origins = 1"),
            "http.cors.origins = 1 (p.toml:1): must be an array of strings, "
            "not an integer");
  EXPECT_EQ(errors_of_file("cluster.seeds = [\"a:1\", \"\"]"),
            "cluster.seeds = an array (p.toml:1): must not have an empty item");
  EXPECT_EQ(errors_of_file("cluster.seeds = [\"a:1\", \"b\"]"),
            "cluster.seeds = an array (p.toml:1): item \"b\" must be "
            "host:port, as in 127.0.0.1:8080 or [::1]:8080");
}

TEST(a_file, with_control_characters_in_a_text_is_refused) {
  EXPECT_EQ(errors_of_file("data-dir = \"a\\u0000b\""),
            "data-dir = \"a\\u0000b\" (p.toml:1): must not hold control "
            "characters");
}

TEST(a_file, cannot_name_itself) {
  EXPECT_EQ(errors_of_file("config-file = \"q.toml\"\n"),
            "config-file (p.toml:1): cannot be set in the file itself");
}

TEST(a_file, with_a_key_twice_is_refused) {
  auto text = errors_of_file("data-dir = \"a\"\n\ndata-dir = \"b\"\n");
  EXPECT_TRUE(text.starts_with("p.toml:3: ")) << text;
  EXPECT_NE(text.find("data-dir"), std::string::npos) << text;
  text = errors_of_file("[http]\nlisten=\"a:1\"\n[http]\n");
  EXPECT_TRUE(text.starts_with("p.toml:3: ")) << text;
}

TEST(a_file, that_is_not_toml_is_refused_with_the_line) {
  for (auto text : {"data-dir", "data-dir = ", "data-dir = \"a", "= 1", "[http",
                    "a = 1 b = 2",
                    "\xff\xfe"
                    "d",
                    "data-dir = \"\xff\"", "data-dir = 'a\x01'"}) {
    auto errors = errors_of_file(text);
    EXPECT_TRUE(errors.starts_with("p.toml:1: ")) << errors;
  }
}

TEST(a_file, that_nests_without_end_is_refused) {
  auto text = errors_of_file("a = " + std::string(100'000, '['));
  EXPECT_TRUE(text.starts_with("p.toml:1: ")) << text;
}

TEST(a_file, has_its_errors_reported_in_the_order_of_its_lines) {
  auto text = errors_of_file("zzz = 1\naaa = 1\n[sse]\nb = 1\na = 1\n");
  auto position = [&text](std::string_view line) {
    return text.find("(p.toml:" + std::string{line} + ')');
  };
  EXPECT_LT(position("1"), position("2"));
  EXPECT_LT(position("2"), position("4"));
  EXPECT_LT(position("4"), position("5"));
}

TEST(a_file, with_a_strange_name_cannot_forge_a_line) {
  auto text = errors_from({"--config-file=a\nb"}, {}, {{"a\nb", "x = 1"}});
  EXPECT_EQ(text.find("(a\nb"), std::string::npos) << text;
  EXPECT_NE(text.find("a\\nb"), std::string::npos) << text;
}

// -- models ------------------------------------------------------------------

TEST(the_models_table, lists_names_and_what_the_upstream_calls_them) {
  auto values = settings_of_file("[[models]]\nname = \"fast\"\n"
                                 "upstream = \"llama3.2:1b\"\n"
                                 "[[models]]\nname = \"qwen\"\n");
  ASSERT_EQ(values.models.size(), 2u);
  EXPECT_EQ(values.models[0].name, "fast");
  EXPECT_EQ(values.models[0].upstream, "llama3.2:1b");
  EXPECT_EQ(values.models[1].name, "qwen");
  EXPECT_EQ(values.models[1].upstream, "");
}

TEST(the_models_table, may_be_written_in_one_line_or_be_empty) {
  EXPECT_EQ(settings_of_file("models = [{name = \"a\"}]").models.size(), 1u);
  EXPECT_TRUE(settings_of_file("models = []").models.empty());
}

TEST(the_models_table, is_refused_in_any_other_form) {
  for (auto text : {"models = \"a\"", "models = [\"a\"]",
                    "[models]\nname=\"a\"", "models = [{name = \"a\"}, 1]"})
    EXPECT_EQ(errors_of_file(text),
              "models (p.toml:1): must be written as [[models]] tables, each "
              "with a name and, where it differs, an upstream");
}

TEST(the_models_table, needs_a_name_in_every_entry) {
  EXPECT_EQ(errors_of_file("[[models]]\nupstream = \"a\"\n"),
            "models (p.toml:1): an entry has no name");
  EXPECT_EQ(errors_of_file("[[models]]\nname = \"\"\n"),
            "models.name = \"\" (p.toml:2): must have 1 to 256 characters");
  EXPECT_EQ(errors_of_file("[[models]]\nname = 1\n"),
            "models.name = 1 (p.toml:2): must be a string, not an integer");
  EXPECT_EQ(errors_of_file("[[models]]\nname = \"a\\n\"\n"),
            "models.name = \"a\\n\" (p.toml:2): must not hold control "
            "characters");
}

TEST(the_models_table, names_each_model_once) {
  EXPECT_EQ(errors_of_file("[[models]]\nname = \"a\"\n[[models]]\n"
                           "name = \"a\"\n"),
            "models.name = \"a\" (p.toml:3): is in the table already");
}

TEST(the_models_table, refuses_unknown_keys_and_names_the_nearest) {
  EXPECT_EQ(errors_of_file("[[models]]\nname = \"a\"\nupsteam = \"b\"\n"),
            "unknown option \"models.upsteam\" (p.toml:3); the nearest one is "
            "models.upstream");
}

TEST(the_models_table, has_at_most_a_thousand_entries) {
  std::string text = "models = [";
  for (int i = 0; i < 1'001; ++i)
    text += "{name=\"m" + std::to_string(i) + "\"},";
  EXPECT_EQ(errors_of_file(text + "]"),
            "models (p.toml:1): must have at most 1000 entries");
}

} // namespace
} // namespace parley::config
