#include "config/checks.hpp"

#include <algorithm>

#include "config/quoting.hpp"
#include "config/values.hpp"

namespace parley::config {

namespace {

using sentences = std::vector<std::string>;

void check_retries(const settings& values, sentences& found) {
  const auto& llm = values.llm;
  if (llm.retry_base_delay > llm.retry_max_delay)
    found.push_back("llm.retry-base-delay (" + print(llm.retry_base_delay)
                    + ") must not be longer than llm.retry-max-delay ("
                    + print(llm.retry_max_delay) + ")");
}

void check_cluster_addresses(const settings& values, sentences& found) {
  const auto& cluster = values.cluster;
  if (!cluster.listen) {
    if (cluster.advertise)
      found.emplace_back("cluster.advertise needs cluster.listen: there is "
                         "nothing to advertise");
    if (!cluster.seeds.empty())
      found.emplace_back("cluster.seeds needs cluster.listen: other nodes "
                         "connect back");
    return;
  }
  if (cluster.advertise && cluster.advertise->port == 0)
    found.emplace_back("cluster.advertise must have a port from 1 to 65535: "
                       "other nodes connect to it");
  if (std::ranges::any_of(cluster.seeds,
                          [](const endpoint& x) { return x.port == 0; }))
    found.emplace_back("cluster.seeds must have ports from 1 to 65535");
  if (cluster.listen->port != 0
      && cluster.listen->host == values.http.listen.host
      && cluster.listen->port == values.http.listen.port)
    found.push_back("cluster.listen and http.listen must differ; both are "
                    + print(*cluster.listen));
}

void check_cluster_tls(const settings& values, sentences& found) {
  const auto& cluster = values.cluster;
  auto given = !cluster.tls_cert_file.empty() + !cluster.tls_key_file.empty()
               + !cluster.tls_ca_file.empty();
  if (given != 0 && given != 3)
    found.emplace_back("cluster.tls-cert-file, cluster.tls-key-file and "
                       "cluster.tls-ca-file belong together: set all three or "
                       "none");
  if (cluster.listen && given == 0 && !cluster.insecure
      && !is_loopback(cluster.listen->host))
    found.push_back("cluster.listen (" + print(*cluster.listen)
                    + ") is not a loopback address, so it needs "
                      "cluster.tls-cert-file, cluster.tls-key-file and "
                      "cluster.tls-ca-file, or cluster.insecure = true");
}

void check_origins(const settings& values, sentences& found) {
  const auto& origins = values.http.cors_origins;
  if (origins.size() > 1 && std::ranges::find(origins, "*") != origins.end())
    found.emplace_back("http.cors.origins must be either * alone or a list of "
                       "origins");
  for (const auto& item : origins) {
    auto scheme = item.find("://");
    if (item != "*" && item != "null"
        && (scheme == std::string::npos || scheme == 0
            || scheme + 3 == item.size()
            || item.find('/', scheme + 3) != std::string::npos))
      found.push_back("http.cors.origins has " + in_quotes(item)
                      + ": an origin is scheme://host or scheme://host:port, "
                        "without a path or a slash at the end");
  }
}

} // namespace

std::vector<std::string> contradictions(const settings& values) {
  sentences found;
  check_origins(values, found);
  check_retries(values, found);
  check_cluster_addresses(values, found);
  check_cluster_tls(values, found);
  return found;
}

} // namespace parley::config
