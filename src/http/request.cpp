#include <algorithm>

#include "http/exchange.hpp"

namespace parley::http {

namespace {

std::optional<std::string_view>
find_first(const std::vector<std::pair<std::string, std::string>>& pairs,
           std::string_view name) {
  const auto found =
    std::find_if(pairs.begin(), pairs.end(),
                 [name](const auto& pair) { return pair.first == name; });
  if (found == pairs.end())
    return std::nullopt;
  return found->second;
}

} // namespace

std::optional<std::string_view>
request::header(std::string_view lower_case_name) const {
  return find_first(headers, lower_case_name);
}

std::optional<std::string_view>
request::query_value(std::string_view name) const {
  return find_first(query, name);
}

} // namespace parley::http
