#include <algorithm>

#include "config/options.hpp"
#include "tests/config/support.hpp"

namespace parley::config {
namespace {

TEST(the_command_line, takes_values_behind_an_equals_sign_or_a_blank) {
  EXPECT_EQ(settings_from({"--data-dir=a"}).data_dir, "a");
  EXPECT_EQ(settings_from({"--data-dir", "a"}).data_dir, "a");
  EXPECT_EQ(settings_from({"--data-dir=a=b"}).data_dir, "a=b");
  EXPECT_EQ(settings_from({"--data-dir=--a"}).data_dir, "--a");
}

TEST(the_command_line, takes_the_last_of_equal_options) {
  EXPECT_EQ(settings_from({"--data-dir=a", "--data-dir=b"}).data_dir, "b");
}

TEST(the_command_line, takes_every_option_that_may_stand_on_it) {
  for (const auto& row : options()) {
    if (row.from == sources::environment_only || row.name == "config-file")
      continue;
    auto argument =
      "--" + std::string{row.name} + '=' + std::string{row.example};
    std::vector<std::string> arguments{argument};
    if (row.name.starts_with("cluster."))
      arguments = {argument, "--cluster.listen=127.0.0.1:9090",
                   "--cluster.tls-cert-file=a", "--cluster.tls-key-file=b",
                   "--cluster.tls-ca-file=c"};
    auto values =
      settings_from(arguments, {}, {{"/run/secrets/llm_api_key", "sk-1\n"}});
    if (arguments.size() == 1) {
      EXPECT_EQ(shown(row, values), row.example) << row.name;
    }
  }
}

TEST(the_command_line, refuses_an_option_without_a_value) {
  EXPECT_EQ(errors_from({"--sse.heartbeat"}),
            "sse.heartbeat (command line): needs a value (duration), as in "
            "--sse.heartbeat=5s");
  EXPECT_EQ(errors_from({"--http.compress-sse", "--data-dir=a"}),
            "http.compress-sse (command line): needs a value (true or false), "
            "as in --http.compress-sse=true");
}

TEST(the_command_line, refuses_an_empty_value_where_there_is_no_none) {
  EXPECT_EQ(errors_from({"--data-dir="}),
            "data-dir = \"\" (command line): must not be empty");
  EXPECT_EQ(errors_from({"--http.listen="}),
            "http.listen = \"\" (command line): must be host:port, as in "
            "127.0.0.1:8080 or [::1]:8080");
}

TEST(the_command_line, refuses_unknown_options_and_names_the_nearest) {
  EXPECT_EQ(errors_from({"--http.lisen=x"}),
            "unknown option \"--http.lisen\" (command line); the nearest one "
            "is --http.listen");
  EXPECT_EQ(errors_from({"--limits.max_response_chars", "1"}),
            "unknown option \"--limits.max_response_chars\" (command line); "
            "the nearest one is --limits.max-response-chars");
  EXPECT_EQ(errors_from({"--hlep"}),
            "unknown option \"--hlep\" (command line); the nearest one is "
            "--help");
  EXPECT_EQ(errors_from({"--heartbeat=1s"}),
            "unknown option \"--heartbeat\" (command line); the nearest one is "
            "--sse.heartbeat");
}

TEST(the_command_line, refuses_what_is_no_option) {
  EXPECT_EQ(errors_from({"serve"}),
            "unexpected argument \"serve\" (command line); options are written "
            "--name=value");
  for (auto argument : {"", "-", "--", "-x", "data-dir=a", "-data-dir=a"})
    EXPECT_TRUE(errors_from({argument}).starts_with("unexpected argument"))
      << argument;
}

TEST(the_command_line, refuses_names_that_are_only_a_part_or_in_another_case) {
  for (auto argument : {"--http=1", "--http.=1", "--=1", "--.listen=1",
                        "--Data-Dir=a", "--data-dir =a"})
    EXPECT_TRUE(errors_from({argument}).starts_with("unknown option"))
      << argument;
}

TEST(the_command_line, refuses_values_for_flags) {
  EXPECT_EQ(errors_from({"--help=yes"}),
            "--help (command line): takes no value");
  EXPECT_EQ(errors_from({"--config-dump=x"}),
            "--config-dump (command line): takes no value");
}

TEST(the_command_line, refuses_the_models_table) {
  EXPECT_EQ(errors_from({"--models=a"}),
            "models (command line): can only be set in the configuration file, "
            "as [[models]] tables");
}

TEST(the_command_line, gives_help_whatever_else_is_wrong) {
  for (auto flag : {"--help", "-h"})
    EXPECT_TRUE(printed_by({"--nonsense", flag, "x"}).starts_with("Usage:"));
  EXPECT_TRUE(printed_by({"--help", "--version"}).starts_with("Usage:"));
  EXPECT_TRUE(printed_by({"--version", "--nonsense"}).starts_with("parley "));
  EXPECT_TRUE(printed_by({"--config-docs"}).starts_with("# Configuration"));
}

TEST(the_command_line, prints_a_version_of_three_numbers) {
  auto text = printed_by({"--version"});
  EXPECT_TRUE(text.starts_with("parley ")) << text;
  EXPECT_EQ(std::ranges::count(text, '.'), 2) << text;
  EXPECT_TRUE(text.ends_with('\n')) << text;
}

TEST(the_command_line, dumps_nothing_when_the_configuration_is_wrong) {
  EXPECT_TRUE(
    errors_from({"--config-dump", "--log.level=x"}).starts_with("log.level"));
}

} // namespace
} // namespace parley::config
