#include "config/options.hpp"
#include "tests/config/support.hpp"

namespace parley::config {
namespace {

TEST(an_environment_name, is_upper_case_with_underscores) {
  EXPECT_EQ(environment_name("http.header-timeout"),
            "PARLEY_HTTP_HEADER_TIMEOUT");
  EXPECT_EQ(environment_name("data-dir"), "PARLEY_DATA_DIR");
}

TEST(the_environment, sets_every_option) {
  for (const auto& row : options()) {
    if (row.name == "config-file")
      continue;
    variables environment{
      {environment_name(row.name), std::string{row.example}}};
    if (row.name.starts_with("cluster.")) {
      environment.emplace("PARLEY_CLUSTER_LISTEN", "127.0.0.1:9090");
      for (auto name : {"CERT", "KEY", "CA"})
        environment.emplace("PARLEY_CLUSTER_TLS_" + std::string{name} + "_FILE",
                            "x");
    }
    auto values =
      settings_from({}, environment, {{"/run/secrets/llm_api_key", "sk-1\n"}});
    EXPECT_EQ(shown(row, values), row.secret ? "***" : row.example) << row.name;
  }
}

TEST(the_environment, refuses_unknown_variables_and_names_the_nearest) {
  EXPECT_EQ(errors_from({}, {{"PARLEY_HTTP_LISTENN", "x"}}),
            "unknown environment variable \"PARLEY_HTTP_LISTENN\"; the nearest "
            "one is PARLEY_HTTP_LISTEN");
  EXPECT_EQ(errors_from({}, {{"PARLEY_http_listen", "x"}}),
            "unknown environment variable \"PARLEY_http_listen\"; the nearest "
            "one is PARLEY_HTTP_LISTEN");
  EXPECT_EQ(errors_from({}, {{"PARLEY_LLM_APIKEY", "sk-1"}}),
            "unknown environment variable \"PARLEY_LLM_APIKEY\"; the nearest "
            "one is PARLEY_LLM_API_KEY");
  EXPECT_EQ(errors_from({}, {{"PARLEY_", "x"}}).substr(0, 40),
            "unknown environment variable \"PARLEY_\"; ");
}

TEST(the_environment, refuses_the_models_table) {
  EXPECT_EQ(errors_from({}, {{"PARLEY_MODELS", "a"}}),
            "models (environment variable PARLEY_MODELS): can only be set in "
            "the configuration file, as [[models]] tables");
}

TEST(the_environment, holds_other_variables_that_do_not_matter) {
  settings_from({}, {{"PATH", "/bin"},
                     {"PARLEYX", "1"},
                     {"parley_data_dir", "x"},
                     {"PARLEY_CACHE_DIR", "/cache"}});
}

// A Kubernetes service of the name `parley` would otherwise keep every pod
// beside it from starting.
TEST(the_environment, may_hold_what_kubernetes_sets_for_a_service) {
  settings_from({}, {{"PARLEY_SERVICE_HOST", "10.0.0.1"},
                     {"PARLEY_SERVICE_PORT", "8080"},
                     {"PARLEY_SERVICE_PORT_HTTP", "8080"},
                     {"PARLEY_PORT", "tcp://10.0.0.1:8080"},
                     {"PARLEY_PORT_8080_TCP", "tcp://10.0.0.1:8080"},
                     {"PARLEY_PORT_8080_TCP_ADDR", "10.0.0.1"},
                     {"PARLEY_PORT_8080_TCP_PORT", "8080"},
                     {"PARLEY_PORT_8080_TCP_PROTO", "tcp"},
                     {"PARLEY_BACKEND_SERVICE_HOST", "10.0.0.1"},
                     {"PARLEY_BACKEND_PORT_80_TCP_ADDR", "10.0.0.1"}});
}

TEST(the_environment, still_refuses_a_port_that_somebody_meant_for_us) {
  EXPECT_TRUE(errors_from({}, {{"PARLEY_PORT", "8080"}})
                .starts_with("unknown environment variable"));
}

TEST(the_option_table, has_no_name_that_looks_like_a_services_variable) {
  for (const auto& row : options()) {
    auto name = environment_name(row.name);
    EXPECT_FALSE(name.ends_with("_PORT")) << name;
    EXPECT_EQ(name.find("_SERVICE_"), std::string::npos) << name;
    EXPECT_EQ(name.find("_PORT_"), std::string::npos) << name;
  }
}

} // namespace
} // namespace parley::config
