#include "config/options.hpp"
#include "config/printing.hpp"
#include "tests/config/support.hpp"

namespace parley::config {
namespace {

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST(the_dump, names_the_source_of_each_value) {
  auto text =
    printed_by({"--config-dump", "--config-file=p.toml", "--sse.heartbeat=5s"},
               {{"PARLEY_LOG_LEVEL", "debug"}},
               {{"p.toml", "\n[http]\nlisten = \"127.0.0.1:1\"\n"}});
  EXPECT_TRUE(contains(text, "# config-file = \"p.toml\"  # command line\n"));
  EXPECT_TRUE(contains(text, "data-dir = \"./parley-data\"  # default\n"));
  EXPECT_TRUE(contains(text, "\n[http]\nlisten = \"127.0.0.1:1\"  # "
                             "p.toml:3\n"));
  EXPECT_TRUE(contains(text, "level = \"debug\"  # environment variable "
                             "PARLEY_LOG_LEVEL\n"));
  EXPECT_TRUE(contains(text, "heartbeat = \"5s\"  # command line\n"));
}

TEST(the_dump, names_the_source_that_won) {
  auto text = printed_by({"--config-dump", "--log.level=warn"},
                         {{"PARLEY_LOG_LEVEL", "debug"}});
  EXPECT_TRUE(contains(text, "level = \"warn\"  # command line\n")) << text;
}

TEST(the_dump, has_every_option) {
  auto text = printed_by({"--config-dump"});
  for (const auto& row : options()) {
    auto name = std::string{row.name};
    auto group = std::string{group_of(name)};
    auto key = group.empty() ? name : name.substr(group.size() + 1);
    EXPECT_TRUE(contains(text, '\n' + key + " = ")
                || contains(text, "# " + key + " = "))
      << name;
  }
}

TEST(the_dump, loads_to_the_same_settings) {
  const std::string original = R"(
data-dir = "a \"quoted\" \\ folder ü"
http.listen = "[::1]:81"
http.cors.origins = ["https://a", "https://b:8443"]
llm.fallback-models = ["a,b", "c"]
llm.min-chars-per-second = 0.125
limits.max-body-bytes = 1000001
streams.retention = "90m"
cluster.listen = "127.0.0.1:9090"
cluster.seeds = ["a:1", "[::2]:2"]
[[models]]
name = "one \"1\""
[[models]]
name = "two"
upstream = "zwei"
)";
  auto first = settings_of_file(original);
  auto dump = printed_by({"--config-dump", "--config-file=p.toml"}, {},
                         {{"p.toml", original}});
  auto second = settings_of_file(dump);
  for (const auto& row : options())
    EXPECT_EQ(shown(row, first), shown(row, second)) << row.name;
  ASSERT_EQ(second.models.size(), 2u);
  EXPECT_EQ(second.models[0].name, "one \"1\"");
  EXPECT_EQ(second.models[1].upstream, "zwei");
  EXPECT_EQ(second.llm.fallback_models, (std::vector<std::string>{"a,b", "c"}));
}

TEST(the_dump, says_where_the_models_are_from) {
  auto text = printed_by({"--config-dump", "--config-file=p.toml"}, {},
                         {{"p.toml", "models = [{name = \"a\"}]"}});
  EXPECT_TRUE(contains(text, "\n[[models]]  # p.toml\nname = \"a\"\n"));
}

TEST(the_dump, cannot_be_broken_by_the_name_of_a_file) {
  settings values;
  std::vector<origin> origins(options().size());
  origins[1].text = "a\nhttp.listen = \"0.0.0.0:80\"";
  auto text = dump_text(values, origins, {});
  EXPECT_FALSE(contains(text, "\nhttp.listen")) << text;
}

} // namespace
} // namespace parley::config
