// Cross-origin requests (Fetch standard, "CORS protocol"), as http.cors.origins
// allows them. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace parley::http {

class cors_policy {
public:
  // Origins as browsers send them (`https://chat.example`), or `*` for any.
  explicit cors_policy(std::vector<std::string> origins);

  // Appends header lines for an answer to a request with this `Origin`, which
  // may be empty.
  void append_headers(std::string& head, std::string_view origin) const;

  // Appends what a preflight request asks for as well. Any header may be sent
  // by an origin that is allowed: clients have their own (OpenAI's sends
  // `X-Stainless-…`), and none that Parley does not know has an effect.
  // `requested_headers`: the preflight's Access-Control-Request-Headers.
  void append_preflight_headers(std::string& head,
                                std::string_view allowed_methods,
                                std::string_view requested_headers) const;

  [[nodiscard]] bool allows(std::string_view origin) const;

private:
  std::vector<std::string> origins_;
  bool any_ = false;
};

} // namespace parley::http
