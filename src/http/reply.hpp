// Answers of common shape.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "http/exchange.hpp"

namespace parley::http {

using header_list = std::vector<std::pair<std::string, std::string>>;

[[nodiscard]] inline response reply(int status, std::string content_type,
                                    std::string body,
                                    header_list headers = {}) {
  response result;
  result.status = status;
  result.content_type = std::move(content_type);
  result.body = std::move(body);
  result.headers = std::move(headers);
  return result;
}

[[nodiscard]] inline response json_reply(int status, std::string body,
                                         header_list headers = {}) {
  return reply(status, "application/json", std::move(body), std::move(headers));
}

// 204.
[[nodiscard]] inline response no_content() {
  return reply(204, {}, {});
}

} // namespace parley::http
