// PARLEY_NAME=value.
#include <algorithm>

#include "config/nearest.hpp"
#include "config/quoting.hpp"
#include "config/sources.hpp"
#include "config/values.hpp"

namespace parley::config {

namespace {

constexpr std::string_view prefix = "PARLEY_";

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// Kubernetes and linked containers tell every process about services in
// variables named after them; for a service called `parley` or `parley-…` they
// begin like ours: PARLEY_SERVICE_HOST, PARLEY_PORT, PARLEY_PORT_8080_TCP.
bool is_of_a_service(std::string_view name, std::string_view value) {
  if (name.ends_with("_SERVICE_HOST")
      || name.find("_SERVICE_PORT") != std::string_view::npos)
    return true;
  if (auto port = name.rfind("_PORT_"); port != std::string_view::npos)
    return port + 6 < name.size() && is_digit(name[port + 6]);
  return name.ends_with("_PORT")
         && (value.starts_with("tcp://") || value.starts_with("udp://")
             || value.starts_with("sctp://"));
}

// PARLEY_CACHE_DIR is where scripts/install-dependencies builds CAF.
bool is_not_ours(std::string_view name, std::string_view value) {
  return !name.starts_with(prefix) || name == "PARLEY_CACHE_DIR"
         || is_of_a_service(name, value);
}

std::string unknown_variable(std::string_view name) {
  std::vector<std::string> names;
  for (const auto& row : options())
    names.push_back(environment_name(row.name));
  std::vector<std::string_view> candidates{names.begin(), names.end()};
  std::string upper{name};
  std::ranges::transform(upper, upper.begin(), [](char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  });
  return "unknown environment variable " + in_quotes(name)
         + "; the nearest one is " + std::string{nearest(upper, candidates)};
}

const option* find_by_variable(std::string_view name) {
  auto all = options();
  auto found = std::ranges::find_if(all, [name](const option& row) {
    return environment_name(row.name) == name;
  });
  return found == all.end() ? nullptr : &*found;
}

} // namespace

source_content
read_environment(const std::map<std::string, std::string>& environment) {
  source_content result;
  for (const auto& [name, value] : environment) {
    if (is_not_ours(name, value))
      continue;
    if (name == "PARLEY_MODELS")
      result.errors.emplace_back(
        "models (environment variable PARLEY_MODELS): can only be set in the "
        "configuration file, as [[models]] tables");
    else if (const auto* row = find_by_variable(name))
      result.assignments.push_back(
        {row,
         value,
         in_quotes(value),
         {source::environment, "environment variable " + name}});
    else
      result.errors.push_back(unknown_variable(name));
  }
  return result;
}

} // namespace parley::config
