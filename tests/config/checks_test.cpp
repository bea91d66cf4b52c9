#include "tests/config/support.hpp"

namespace parley::config {
namespace {

const std::vector<std::string> tls{"--cluster.tls-cert-file=a",
                                   "--cluster.tls-key-file=b",
                                   "--cluster.tls-ca-file=c"};

std::vector<std::string> with_tls(std::vector<std::string> arguments) {
  arguments.insert(arguments.end(), tls.begin(), tls.end());
  return arguments;
}

TEST(cluster_options, need_cluster_listen) {
  EXPECT_EQ(errors_from({"--cluster.advertise=a:1"}),
            "cluster.advertise needs cluster.listen: there is nothing to "
            "advertise");
  EXPECT_EQ(errors_from({"--cluster.seeds=a:1"}),
            "cluster.seeds needs cluster.listen: other nodes connect back");
  settings_from({"--cluster.advertise=a:1", "--cluster.seeds=a:1",
                 "--cluster.listen=127.0.0.1:9090"});
}

TEST(cluster_options, need_real_ports_where_others_connect_to) {
  EXPECT_EQ(
    errors_from({"--cluster.listen=127.0.0.1:0", "--cluster.advertise=a:0"}),
    "cluster.advertise must have a port from 1 to 65535: other nodes "
    "connect to it");
  EXPECT_EQ(
    errors_from({"--cluster.listen=127.0.0.1:0", "--cluster.seeds=a:1,b:0"}),
    "cluster.seeds must have ports from 1 to 65535");
  settings_from({"--cluster.listen=127.0.0.1:0"});
}

TEST(cluster_listen, differs_from_http_listen) {
  EXPECT_EQ(errors_from({"--cluster.listen=127.0.0.1:8080"}),
            "cluster.listen and http.listen must differ; both are "
            "127.0.0.1:8080");
  settings_from({"--cluster.listen=127.0.0.1:0", "--http.listen=127.0.0.1:0"});
}

TEST(cluster_listen, beyond_loopback_needs_tls_or_consent) {
  EXPECT_EQ(errors_from({"--cluster.listen=0.0.0.0:9090"}),
            "cluster.listen (0.0.0.0:9090) is not a loopback address, so it "
            "needs cluster.tls-cert-file, cluster.tls-key-file and "
            "cluster.tls-ca-file, or cluster.insecure = true");
  settings_from({"--cluster.listen=0.0.0.0:9090", "--cluster.insecure=true"});
  settings_from(with_tls({"--cluster.listen=0.0.0.0:9090"}));
  settings_from({"--cluster.listen=[::1]:9090"});
}

TEST(cluster_tls, is_three_files_or_none) {
  for (std::size_t left_out = 0; left_out < tls.size(); ++left_out) {
    auto arguments = tls;
    arguments.erase(arguments.begin() + static_cast<std::ptrdiff_t>(left_out));
    EXPECT_EQ(errors_from(arguments),
              "cluster.tls-cert-file, cluster.tls-key-file and "
              "cluster.tls-ca-file belong together: set all three or none");
  }
}

TEST(retry_delays, have_a_base_that_is_not_above_the_maximum) {
  EXPECT_EQ(errors_from({"--llm.retry-max-delay=100ms"}),
            "llm.retry-base-delay (250ms) must not be longer than "
            "llm.retry-max-delay (100ms)");
  settings_from({"--llm.retry-max-delay=250ms"});
}

TEST(cors_origins, are_origins_or_a_star_alone) {
  for (auto text : {"*", "https://a", "https://a:8443,http://[::1]:3000",
                    "null", "capacitor://localhost"})
    settings_from({"--http.cors.origins=" + std::string{text}});
  EXPECT_EQ(errors_from({"--http.cors.origins=*,https://a"}),
            "http.cors.origins must be either * alone or a list of origins");
  for (std::string text :
       {"https://a/", "https://a/b", "a.example.org", "://a", "https://"})
    EXPECT_EQ(errors_from({"--http.cors.origins=" + text}),
              "http.cors.origins has \"" + text
                + "\": an origin is scheme://host or scheme://host:port, "
                  "without a path or a slash at the end");
}

TEST(checks_between_options, wait_until_each_is_valid_by_itself) {
  EXPECT_EQ(errors_from({"--cluster.advertise=a:1", "--log.level=x"}),
            "log.level = \"x\" (command line): must be trace, debug, info, "
            "warn or error");
}

} // namespace
} // namespace parley::config
