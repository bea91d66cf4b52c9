// Where the upstream's API key comes from, and that it never comes out.
#include "config/options.hpp"
#include "tests/config/support.hpp"

namespace parley::config {
namespace {

constexpr auto key = "sk-VerySecret123";
const variables in_environment{{"PARLEY_LLM_API_KEY", key}};

std::string key_from(std::vector<std::string> arguments,
                     variables environment = {}, files on_disk = {}) {
  return settings_from(std::move(arguments), std::move(environment),
                       std::move(on_disk))
    .llm.api_key.value;
}

// -- sources -----------------------------------------------------------------

TEST(the_api_key, comes_from_the_environment) {
  EXPECT_EQ(key_from({}, in_environment), key);
}

TEST(the_api_key, comes_from_a_file_without_its_last_newline) {
  for (std::string end : {"", "\n", "\r\n", "\n\n"})
    EXPECT_EQ(key_from({"--llm.api-key-file=k"}, {}, {{"k", key + end}}), key);
}

TEST(the_api_key, is_empty_when_nothing_is_given) {
  EXPECT_EQ(key_from({}), "");
  EXPECT_EQ(key_from({}, {{"PARLEY_LLM_API_KEY", ""}}), "");
}

TEST(the_api_key, of_a_file_named_on_the_command_line_wins) {
  EXPECT_EQ(
    key_from({"--llm.api-key-file=k"}, in_environment, {{"k", "from-file"}}),
    "from-file");
}

TEST(the_api_key, of_a_file_named_in_the_environment_wins_too) {
  EXPECT_EQ(
    key_from({},
             {{"PARLEY_LLM_API_KEY", key}, {"PARLEY_LLM_API_KEY_FILE", "k"}},
             {{"k", "from-file"}}),
    "from-file");
}

TEST(the_api_key, of_the_environment_wins_over_a_file_named_in_the_file) {
  EXPECT_EQ(
    key_from({"--config-file=p.toml"}, in_environment,
             {{"p.toml", "[llm]\napi-key-file = \"k\"\n"}, {"k", "from-file"}}),
    key);
  EXPECT_EQ(
    key_from({"--config-file=p.toml"}, {},
             {{"p.toml", "[llm]\napi-key-file = \"k\"\n"}, {"k", "from-file"}}),
    "from-file");
}

TEST(the_api_key, of_a_file_that_does_not_count_is_not_read) {
  EXPECT_EQ(key_from({"--config-file=p.toml"}, in_environment,
                     {{"p.toml", "[llm]\napi-key-file = \"missing\"\n"}}),
            key);
}

TEST(the_api_key, of_an_empty_variable_does_not_hide_the_file) {
  EXPECT_EQ(
    key_from({"--config-file=p.toml"}, {{"PARLEY_LLM_API_KEY", ""}},
             {{"p.toml", "[llm]\napi-key-file = \"k\"\n"}, {"k", "from-file"}}),
    "from-file");
}

// -- errors ------------------------------------------------------------------

TEST(the_api_key_file, that_cannot_be_read_is_named) {
  EXPECT_EQ(errors_from({"--llm.api-key-file=/no/key"}),
            "llm.api-key-file = \"/no/key\" (command line): cannot be read: No "
            "such file or directory");
}

TEST(the_api_key_file, that_is_empty_is_an_error) {
  for (auto content : {"", "\n", "\r\n\n"})
    EXPECT_EQ(errors_from({"--llm.api-key-file=k"}, {}, {{"k", content}}),
              "llm.api-key-file = \"k\" (command line): holds no key: the file "
              "is empty");
}

TEST(the_api_key_file, with_anything_but_a_key_is_refused_without_quoting_it) {
  for (std::string content :
       {"sk-VerySecret 123", "sk-VerySecret\nsecond line",
        "\xef\xbb\xbfsk-VerySecret", "sk-VerySecret\x01"}) {
    auto text = errors_from({"--llm.api-key-file=k"}, {}, {{"k", content}});
    EXPECT_EQ(text,
              "llm.api-key-file = \"k\" (command line): holds no key: "
              "what is in the file must be visible ASCII characters only");
  }
}

TEST(the_api_key_file, of_unlikely_size_is_refused) {
  EXPECT_EQ(
    errors_from({"--llm.api-key-file=k"}, {}, {{"k", std::string(8'193, 'x')}}),
    "llm.api-key-file = \"k\" (command line): holds no key: what is in "
    "the file must have at most 8192 characters");
}

TEST(the_api_key, on_the_command_line_is_refused_without_quoting_it) {
  for (std::vector<std::string> arguments :
       {std::vector<std::string>{"--llm.api-key=sk-VerySecret123"},
        std::vector<std::string>{"--llm.api-key", "sk-VerySecret123"}})
    EXPECT_EQ(errors_from(arguments),
              "llm.api-key (command line): is a secret and cannot be set here; "
              "use llm.api-key-file, or the environment variable "
              "PARLEY_LLM_API_KEY");
}

TEST(the_api_key, in_the_file_is_refused_without_quoting_it) {
  EXPECT_EQ(errors_of_file("[llm]\napi-key = \"sk-VerySecret123\"\n"),
            "llm.api-key (p.toml:2): is a secret and cannot be set here; use "
            "llm.api-key-file, or the environment variable PARLEY_LLM_API_KEY");
}

TEST(the_api_key, that_is_malformed_is_refused_without_quoting_it) {
  EXPECT_EQ(errors_from({}, {{"PARLEY_LLM_API_KEY", "sk-VerySecret 123"}}),
            "llm.api-key (environment variable PARLEY_LLM_API_KEY): must be "
            "visible ASCII characters only");
}

// -- it never comes out ------------------------------------------------------

TEST(a_secret, is_not_in_any_error_about_a_mistyped_option) {
  for (std::vector<std::string> arguments :
       {std::vector<std::string>{"--llm.apikey=sk-VerySecret123"},
        std::vector<std::string>{"--llm.apikey", "sk-VerySecret123"},
        std::vector<std::string>{"--models", "sk-VerySecret123"}})
    EXPECT_EQ(errors_from(arguments).find("Secret"), std::string::npos);
  EXPECT_EQ(errors_from({}, {{"PARLEY_LLM_KEY", key}}).find("Secret"),
            std::string::npos);
}

TEST(a_secret, is_not_in_errors_about_a_url_that_holds_a_password) {
  for (std::string url : {"http://u:VerySecret@h/v1", "ftp://u:VerySecret@h",
                          "u:VerySecret@h", "http://u:VerySecret@h /?"}) {
    auto text = errors_from({"--llm.base-url=" + url});
    EXPECT_TRUE(text.starts_with("llm.base-url (command line): must ")) << text;
    EXPECT_EQ(text.find("Secret"), std::string::npos) << text;
    text = errors_of_file("[llm]\nbase-url = \"" + url + "\"\n");
    EXPECT_EQ(text.find("Secret"), std::string::npos) << text;
  }
}

TEST(a_secret, is_masked_in_the_dump) {
  auto from_variable = printed_by({"--config-dump"}, in_environment);
  EXPECT_NE(from_variable.find("# api-key = \"***\"  # environment variable "
                               "PARLEY_LLM_API_KEY\n"),
            std::string::npos)
    << from_variable;
  auto from_file =
    printed_by({"--config-dump", "--llm.api-key-file=k"}, {}, {{"k", key}});
  EXPECT_NE(from_file.find("# api-key = \"***\"  # file k\n"),
            std::string::npos)
    << from_file;
  EXPECT_EQ((from_variable + from_file).find("Secret"), std::string::npos);
}

TEST(a_secret, is_not_in_the_help_or_the_documents) {
  for (auto flag : {"--help", "--version", "--config-docs"})
    EXPECT_EQ(printed_by({flag}, in_environment).find(key), std::string::npos);
}

TEST(a_secret, is_shown_as_stars_whatever_it_is) {
  settings values;
  const auto& row = *find_option("llm.api-key");
  EXPECT_EQ(shown(row, values), "");
  values.llm.api_key.value = key;
  EXPECT_EQ(shown(row, values), "***");
  EXPECT_EQ(shown_as_toml(row, values), "\"***\"");
}

} // namespace
} // namespace parley::config
