// The table itself: complete, consistent, and as the contract promises.
#include "config/options.hpp"

#include <algorithm>
#include <map>
#include <set>

#include <gmock/gmock.h>

#include "chat/limits.hpp"
#include "tests/config/support.hpp"

namespace parley::config {
namespace {

TEST(the_option_table, has_the_promised_names_and_defaults) {
  const std::map<std::string_view, std::string_view> promised{
    {"config-file", ""},
    {"data-dir", "./parley-data"},
    {"http.listen", "127.0.0.1:8080"},
    {"llm.base-url", ""},
    {"llm.model", ""},
    {"llm.api-key-file", ""},
    {"llm.connect-timeout", "5s"},
    {"llm.first-token-timeout", "1m"},
    {"llm.idle-timeout", "2m"},
    {"llm.total-timeout", "15m"},
    {"limits.max-message-chars", "32000"},
    {"limits.max-response-chars", "4000"},
    {"limits.max-body-bytes", "1MiB"},
    {"limits.max-completion-chars", "0"},
    {"http.header-timeout", "10s"},
    {"http.body-timeout", "30s"},
    {"http.cors.origins", ""},
    {"sse.heartbeat", "15s"},
    {"sse.write-timeout", "30s"},
    {"streams.retention", "24h"},
    {"streams.flush-interval", "20ms"},
    {"streams.on-disconnect", "cancel-after"},
    {"streams.cancel-after", "30s"},
    {"idempotency.ttl", "24h"},
    {"shutdown.grace", "30s"},
    {"storage.durability", "accepted"},
    {"node.name", ""},
    {"cluster.listen", ""},
    {"cluster.advertise", ""},
    {"cluster.seeds", ""}};
  for (const auto& [name, value] : promised) {
    const auto* row = find_option(name);
    ASSERT_TRUE(row) << name;
    EXPECT_EQ(shown(*row, settings{}), value) << name;
  }
}

TEST(the_option_table, has_names_in_kebab_case_and_each_once) {
  std::set<std::string_view> names;
  std::set<std::string> variables_seen;
  for (const auto& row : options()) {
    EXPECT_TRUE(names.insert(row.name).second) << row.name;
    EXPECT_TRUE(variables_seen.insert(environment_name(row.name)).second)
      << row.name;
    EXPECT_TRUE(std::ranges::all_of(
      row.name,
      [](char c) { return (c >= 'a' && c <= 'z') || c == '-' || c == '.'; }))
      << row.name;
  }
}

TEST(the_option_table, has_no_option_that_is_also_a_group) {
  for (const auto& row : options()) {
    for (const auto& other : options())
      EXPECT_FALSE(other.name.starts_with(std::string{row.name} + '.'))
        << row.name;
  }
}

TEST(the_option_table, has_a_group_for_every_option_and_keeps_it_together) {
  std::vector<std::string_view> seen;
  for (const auto& row : options()) {
    auto name = group_of(row.name);
    if (seen.empty() || seen.back() != name)
      seen.push_back(name);
  }
  ASSERT_EQ(seen.size(), groups().size());
  for (std::size_t i = 0; i < seen.size(); ++i)
    EXPECT_EQ(seen[i], groups()[i].name);
}

TEST(the_option_table, has_whole_sentences_and_ascii_that_help_can_wrap) {
  for (const auto& row : options()) {
    EXPECT_TRUE(row.help.ends_with('.')) << row.name;
    EXPECT_FALSE(row.example.empty()) << row.name;
    for (auto text : {row.help, row.example, row.when_empty, row.unit})
      EXPECT_TRUE(
        std::ranges::all_of(text, [](char c) { return c >= 0x20 && c < 0x7f; }))
        << row.name;
  }
}

TEST(the_option_table, has_defaults_that_are_allowed) {
  settings values;
  for (const auto& row : options()) {
    auto done = assign(row, shown(row, settings{}), values);
    EXPECT_TRUE(done) << row.name << ' ' << done.error();
  }
}

TEST(the_option_table, has_examples_that_differ_from_the_default) {
  for (const auto& row : options())
    EXPECT_NE(shown(row, settings{}), row.example) << row.name;
}

TEST(the_option_table, has_a_unit_for_every_count) {
  for (const auto& row : options()) {
    auto counts =
      row.kind == value_kind::count || row.kind == value_kind::number;
    EXPECT_EQ(!row.unit.empty(), counts) << row.name;
  }
}

TEST(the_option_table, says_what_nothing_means_wherever_it_is_a_default) {
  std::vector<std::string_view> without_words;
  for (const auto& row : options()) {
    auto value = shown(row, settings{});
    if ((value.empty() || value == "0" || value == "0s")
        && row.when_empty.empty())
      without_words.push_back(row.name);
  }
  EXPECT_THAT(without_words, testing::IsEmpty());
}

TEST(the_option_table, has_one_secret) {
  std::vector<std::string_view> secrets;
  for (const auto& row : options()) {
    if (row.secret)
      secrets.push_back(row.name);
    EXPECT_EQ(row.secret, row.kind == value_kind::secret) << row.name;
  }
  EXPECT_EQ(secrets, std::vector<std::string_view>{"llm.api-key"});
}

// -- bounds ------------------------------------------------------------------

bool takes(const option& row, std::uint64_t amount) {
  settings values;
  return assign(row, print_amount(row, amount), values).has_value();
}

TEST(bounds, are_inclusive_and_hold_for_every_option_that_has_them) {
  int checked = 0;
  for (const auto& row : options()) {
    if (describe_bounds(row).empty())
      continue;
    ++checked;
    EXPECT_TRUE(takes(row, row.min)) << row.name;
    EXPECT_TRUE(takes(row, row.max)) << row.name;
    EXPECT_FALSE(takes(row, row.max + 1)) << row.name;
    if (row.min > 0) {
      EXPECT_FALSE(takes(row, row.min - 1)) << row.name;
    }
  }
  EXPECT_GT(checked, 25);
}

TEST(bounds, are_named_by_the_error) {
  EXPECT_EQ(errors_from({"--limits.max-response-chars=10000001"}),
            "limits.max-response-chars = \"10000001\" (command line): must be "
            "1 to 10000000");
  EXPECT_EQ(errors_from({"--http.header-timeout=2h"}),
            "http.header-timeout = \"2h\" (command line): must be 1ms to 1h");
  EXPECT_EQ(errors_from({"--limits.max-body-bytes=2GiB"}),
            "limits.max-body-bytes = \"2GiB\" (command line): must be 1 to "
            "1GiB");
  EXPECT_EQ(errors_from({"--llm.min-chars-per-second=1000000.5"}),
            "llm.min-chars-per-second = \"1000000.5\" (command line): must be "
            "0 to 1000000");
}

TEST(bounds, of_the_response_are_those_that_the_log_is_built_for) {
  EXPECT_EQ(find_option("limits.max-response-chars")->max, 10'000'000u);
  EXPECT_EQ(find_option("limits.max-completion-chars")->max,
            limits::max_response_chars);
}

// -- kinds with rules of their own -------------------------------------------

TEST(choices, name_all_that_is_allowed) {
  EXPECT_EQ(errors_from({"--storage.durability=fast"}),
            "storage.durability = \"fast\" (command line): must be accepted, "
            "strict or os");
  EXPECT_EQ(errors_from({"--streams.on-disconnect=cancel_after"}),
            "streams.on-disconnect = \"cancel_after\" (command line): must be "
            "continue, cancel or cancel-after");
  EXPECT_EQ(errors_from({"--log.format="}),
            "log.format = \"\" (command line): must be text or json");
}

TEST(choices, mean_what_they_say) {
  using enum disconnect_default;
  auto policy = [](std::string text) {
    return settings_from({"--streams.on-disconnect=" + text})
      .streams.on_disconnect;
  };
  EXPECT_EQ(policy("continue"), keep);
  EXPECT_EQ(policy("cancel"), cancel);
  EXPECT_EQ(policy("cancel-after"), cancel_after);
  EXPECT_EQ(settings_from({"--storage.durability=strict"}).storage.durability,
            durability::strict);
  EXPECT_EQ(settings_from({"--storage.durability=os"}).storage.durability,
            durability::os);
  EXPECT_EQ(settings_from({"--log.level=trace"}).log.level, log_level::trace);
  EXPECT_EQ(settings_from({"--log.format=json"}).log.format, log_format::json);
}

TEST(node_name, is_short_and_plain) {
  EXPECT_EQ(settings_from({"--node.name=chat-1.eu_West"}).node.name,
            "chat-1.eu_West");
  for (std::string name : {"a b", "a/b", "ü", "a:b"})
    EXPECT_EQ(errors_from({"--node.name=" + name}),
              "node.name = \"" + name
                + "\" (command line): must be at most 63 letters, digits, "
                  "dots, dashes and underscores");
  EXPECT_NE(errors_from({"--node.name=" + std::string(64, 'a')}), "");
}

TEST(model_names, have_at_most_256_characters) {
  settings_from({"--llm.model=" + std::string(256, 'a')});
  EXPECT_NE(errors_from({"--llm.model=" + std::string(257, 'a')}), "");
}

TEST(lists, name_the_item_that_is_wrong) {
  EXPECT_EQ(errors_from({"--cluster.seeds=a:1,b"}),
            "cluster.seeds = \"a:1,b\" (command line): item \"b\" must be "
            "host:port, as in 127.0.0.1:8080 or [::1]:8080");
  EXPECT_EQ(errors_from({"--llm.fallback-models=a,,b"}),
            "llm.fallback-models = \"a,,b\" (command line): must not have an "
            "empty item");
}

TEST(lists, have_at_most_a_thousand_items) {
  std::string list = "a";
  for (int i = 0; i < 1'000; ++i)
    list += ",a";
  EXPECT_TRUE(errors_from({"--llm.fallback-models=" + list})
                .ends_with("must have at most 1000 items"));
}

TEST(a_refused_value, leaves_the_setting_as_it_was) {
  settings values;
  values.cluster.seeds = {{"a", 1}};
  const auto& row = *find_option("cluster.seeds");
  EXPECT_FALSE(assign(row, "b:2,c", values));
  EXPECT_EQ(shown(row, values), "a:1");
}

} // namespace
} // namespace parley::config
