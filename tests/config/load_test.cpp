#include "config/load.hpp"

#include "config/options.hpp"
#include "tests/config/support.hpp"

namespace parley::config {
namespace {

// -- precedence --------------------------------------------------------------

constexpr auto file_text = "data-dir = \"from-file\"\n";

TEST(loading, without_anything_gives_the_defaults) {
  auto values = settings_from({});
  for (const auto& row : options())
    EXPECT_EQ(shown(row, values), shown(row, settings{})) << row.name;
  EXPECT_TRUE(values.models.empty());
}

TEST(loading, takes_the_file_over_the_default) {
  EXPECT_EQ(settings_of_file(file_text).data_dir, "from-file");
}

TEST(loading, takes_the_environment_over_the_file) {
  auto values = settings_from({"--config-file=p.toml"},
                              {{"PARLEY_DATA_DIR", "from-environment"}},
                              {{"p.toml", file_text}});
  EXPECT_EQ(values.data_dir, "from-environment");
}

TEST(loading, takes_the_command_line_over_everything) {
  auto values = settings_from(
    {"--data-dir=from-command-line"},
    {{"PARLEY_DATA_DIR", "from-environment"}, {"PARLEY_CONFIG_FILE", "p.toml"}},
    {{"p.toml", file_text}});
  EXPECT_EQ(values.data_dir, "from-command-line");
}

TEST(loading, can_take_back_what_a_lower_source_set) {
  auto values =
    settings_from({"--llm.base-url=", "--cluster.seeds=", "--cluster.listen="},
                  {{"PARLEY_LLM_BASE_URL", "http://h/v1"},
                   {"PARLEY_CLUSTER_LISTEN", "127.0.0.1:1"},
                   {"PARLEY_CLUSTER_SEEDS", "127.0.0.1:2"}});
  EXPECT_EQ(values.llm.base_url, "");
  EXPECT_FALSE(values.cluster.listen);
  EXPECT_TRUE(values.cluster.seeds.empty());
}

TEST(loading, replaces_lists_instead_of_joining_them) {
  auto values = settings_from({"--llm.fallback-models=c"},
                              {{"PARLEY_LLM_FALLBACK_MODELS", "a,b"}});
  EXPECT_EQ(values.llm.fallback_models, std::vector<std::string>{"c"});
}

// -- the configuration file's name -------------------------------------------

TEST(the_config_file, is_named_by_the_environment_too) {
  auto values = settings_from({}, {{"PARLEY_CONFIG_FILE", "p.toml"}},
                              {{"p.toml", file_text}});
  EXPECT_EQ(values.data_dir, "from-file");
  EXPECT_EQ(values.config_file, "p.toml");
}

TEST(the_config_file, of_the_command_line_wins_and_the_other_is_not_read) {
  auto values = settings_from({"--config-file", "p.toml"},
                              {{"PARLEY_CONFIG_FILE", "missing.toml"}},
                              {{"p.toml", file_text}});
  EXPECT_EQ(values.data_dir, "from-file");
}

TEST(the_config_file, can_be_switched_off) {
  auto values =
    settings_from({"--config-file="}, {{"PARLEY_CONFIG_FILE", "missing.toml"}});
  EXPECT_EQ(values.data_dir, "./parley-data");
}

TEST(the_config_file, that_cannot_be_read_is_an_error) {
  EXPECT_EQ(errors_from({"--config-file=p.toml"}),
            "config-file = \"p.toml\" (command line): cannot be read: No such "
            "file or directory");
  EXPECT_EQ(errors_from({}, {{"PARLEY_CONFIG_FILE", "p.toml"}}),
            "config-file = \"p.toml\" (environment variable "
            "PARLEY_CONFIG_FILE): cannot be read: No such file or directory");
}

// -- errors ------------------------------------------------------------------

TEST(errors, of_all_sources_are_reported_together_and_in_their_order) {
  EXPECT_EQ(
    errors_from({"--config-file=p.toml", "--sse.heartbeat=x"},
                {{"PARLEY_LOG_LEVEL", "loud"}},
                {{"p.toml", "[runtime]\nthreads = -1\n"}}),
    "runtime.threads = -1 (p.toml:2): must be a whole number, written with "
    "digits only\n"
    "log.level = \"loud\" (environment variable PARLEY_LOG_LEVEL): must be "
    "trace, debug, info, warn or error\n"
    "sse.heartbeat = \"x\" (command line): a duration is a whole number and a "
    "unit, as in 1500ms, 30s, 15m or 24h");
}

TEST(errors, are_reported_even_where_a_higher_source_overrides_the_value) {
  EXPECT_NE(errors_from({"--log.level=info"}, {{"PARLEY_LOG_LEVEL", "loud"}}),
            "");
}

TEST(errors, beyond_twenty_are_counted_instead_of_printed) {
  std::vector<std::string> arguments;
  for (int i = 0; i < 30; ++i)
    arguments.push_back("--log.level=" + std::to_string(i));
  auto text = errors_from(arguments);
  EXPECT_NE(text.find("= \"19\""), std::string::npos);
  EXPECT_EQ(text.find("= \"20\""), std::string::npos);
  EXPECT_TRUE(text.ends_with("\nand 10 more errors")) << text;
}

TEST(errors, quote_values_so_that_they_stay_on_their_line) {
  auto text = errors_from({"--log.level=a\nparley: all is well\x1b[2J"});
  EXPECT_EQ(text, "log.level = \"a\\nparley: all is well\\u001b[2J\" (command "
                  "line): must be trace, debug, info, warn or error");
}

TEST(errors, shorten_values_that_are_long) {
  auto text = errors_from({"--log.level=" + std::string(100'000, 'x')});
  EXPECT_LT(text.size(), 250u);
}

TEST(errors, exit_with_2) {
  EXPECT_EQ(refused::exit_code, 2);
}

} // namespace
} // namespace parley::config
