// Which handler answers which method and path.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http/exchange.hpp"

namespace parley::http {

// How a route takes the body of a request.
enum class body_policy : std::uint8_t {
  none, // no body is expected; one that comes is read and ignored
  json, // Content-Type must be application/json, else 415
};

struct route {
  http::method method = method::get;
  std::string pattern; // "/api/v1/conversations/{id}/messages"
  body_policy body = body_policy::none;
  http::handler handler;
};

using parameters = std::vector<std::pair<std::string, std::string>>;

struct route_match {
  const http::route* route = nullptr;
  http::parameters parameters;
  // Where the path is known but not under this method: what to put into Allow
  // ("GET, HEAD, OPTIONS"). Empty: the path is unknown.
  std::string allow;
};

// Immutable once built; shared by all threads. HEAD finds the GET route of a
// path; OPTIONS is the connection's business.
//
// A segment `{name}` of a pattern stands for one segment that is not empty,
// `{name*}` as the last one for all that is left, slashes included. Where more
// than one pattern fits, the one with fewer parameters wins.
class router {
public:
  void add(route what);

  // `path` as it stands in the request target: an encoded slash (%2F) does not
  // end a segment.
  [[nodiscard]] route_match match(http::method method,
                                  std::string_view path) const;

  // Calls `visit` with every route, in the order in which they were added.
  template <class Visitor>
  void for_each(Visitor visit) const {
    for (const auto& one : entries_)
      visit(one.route);
  }

private:
  struct entry {
    std::vector<std::string> segments; // "{name}" where it is a parameter
    http::route route;
  };

  std::vector<entry> entries_;
};

} // namespace parley::http
