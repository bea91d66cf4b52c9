#include "http/router.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <optional>

#include "http/target.hpp"

namespace parley::http {

namespace {

constexpr std::array<std::pair<method, std::string_view>, 5> listed_methods{{
  {method::get, "GET, HEAD"},
  {method::post, "POST"},
  {method::put, "PUT"},
  {method::patch, "PATCH"},
  {method::del, "DELETE"},
}};

std::vector<std::string_view> split(std::string_view path) {
  std::vector<std::string_view> result;
  if (path.empty() || path.front() != '/')
    return result;
  path.remove_prefix(1);
  for (;;) {
    const auto end = path.find('/');
    result.push_back(path.substr(0, end));
    if (end == std::string_view::npos)
      return result;
    path.remove_prefix(end + 1);
  }
}

bool is_parameter(std::string_view segment) {
  return segment.size() > 2 && segment.front() == '{' && segment.back() == '}';
}

// `{name*}`, only as the last segment of a pattern.
bool is_tail(std::string_view segment) {
  return is_parameter(segment) && segment[segment.size() - 2] == '*';
}

// Fills in what the pattern's parameters stand for; nothing: no match.
std::optional<parameters>
match_segments(const std::vector<std::string>& pattern,
               const std::vector<std::string>& path) {
  parameters result;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (i >= path.size())
      return std::nullopt;
    const std::string_view segment = pattern[i];
    if (is_tail(segment)) {
      auto rest = path[i];
      for (auto j = i + 1; j < path.size(); ++j)
        rest.append("/").append(path[j]);
      if (rest.empty())
        return std::nullopt;
      result.emplace_back(segment.substr(1, segment.size() - 3),
                          std::move(rest));
      return result;
    }
    if (is_parameter(segment)) {
      if (path[i].empty())
        return std::nullopt;
      result.emplace_back(segment.substr(1, segment.size() - 2), path[i]);
    } else if (segment != path[i]) {
      return std::nullopt;
    }
  }
  if (pattern.size() != path.size())
    return std::nullopt;
  return result;
}

} // namespace

void router::add(route what) {
  entry added;
  for (auto segment : split(what.pattern))
    added.segments.emplace_back(segment);
  added.route = std::move(what);
  entries_.push_back(std::move(added));
}

route_match router::match(http::method method, std::string_view path) const {
  route_match result;
  std::vector<std::string> segments;
  for (auto raw : split(path)) {
    auto decoded = percent_decode(raw);
    if (!decoded)
      return result;
    segments.push_back(std::move(*decoded));
  }
  const auto wanted = method == method::head ? method::get : method;
  std::array<bool, listed_methods.size()> known{};
  constexpr auto none = std::numeric_limits<std::size_t>::max();
  auto fewest = none;
  for (const auto& candidate : entries_) {
    auto found = match_segments(candidate.segments, segments);
    // A pattern that names the path literally wins over one with parameters,
    // whatever the method: the path is a resource of its own.
    if (!found || found->size() > fewest)
      continue;
    if (found->size() < fewest) {
      fewest = found->size();
      known = {};
      result = {};
    }
    for (std::size_t i = 0; i < listed_methods.size(); ++i)
      known[i] = known[i] || listed_methods[i].first == candidate.route.method;
    if (candidate.route.method == wanted && result.route == nullptr) {
      result.route = &candidate.route;
      result.parameters = std::move(*found);
    }
  }
  if (fewest != none && result.route == nullptr) {
    for (std::size_t i = 0; i < listed_methods.size(); ++i)
      if (known[i])
        result.allow.append(listed_methods[i].second).append(", ");
    result.allow += "OPTIONS";
  }
  return result;
}

} // namespace parley::http
