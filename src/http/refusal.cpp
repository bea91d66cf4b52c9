#include "http/refusal.hpp"

#include <boost/beast/http/status.hpp>

#include "wire/json_writer.hpp"
#include "wire/problem.hpp"

namespace parley::http {

namespace {

// API §5: 429 and 503 always carry Retry-After.
constexpr std::chrono::seconds default_retry_after{5};

// What encode_problem does for the statuses that have a code.
std::string encode_protocol_problem(const refusal& what,
                                    std::string_view request_id) {
  const auto status =
    boost::beast::http::int_to_status(static_cast<unsigned>(what.status));
  const auto title = boost::beast::http::obsolete_reason(status);
  const auto code = to_string(what.what.code);
  std::string result;
  wire::json_writer out{result};
  out.begin_object();
  out.key("type").string("urn:parley:problem:" + std::string{code});
  out.key("title").string({title.data(), title.size()});
  out.key("status").number(what.status);
  out.key("detail").string(what.what.detail);
  out.key("code").string(code);
  out.key("request_id").string(request_id);
  out.end_object();
  return result;
}

} // namespace

error_shape error_shape_for(std::string_view path) noexcept {
  return path == "/v1" || path.starts_with("/v1/") ? error_shape::openai
                                                   : error_shape::problem;
}

response to_response(const refusal& what, error_shape shape,
                     std::string_view request_id) {
  response result;
  result.status =
    what.status != 0 ? what.status : info(what.what.code).http_status;
  result.headers = what.headers;
  if (shape == error_shape::openai) {
    result.body = wire::encode_openai_error(what.what);
  } else {
    result.content_type = wire::problem_content_type;
    result.body = what.status != 0
                    ? encode_protocol_problem(what, request_id)
                    : wire::encode_problem(what.what, request_id);
  }
  auto wait = what.what.retry_after;
  if (!wait && (result.status == 429 || result.status == 503))
    wait = default_retry_after;
  if (wait) {
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(*wait);
    result.headers.emplace_back("Retry-After", std::to_string(seconds.count()));
  }
  if (result.status == 401)
    result.headers.emplace_back("WWW-Authenticate", "Bearer");
  return result;
}

refusal malformed(std::string detail) {
  refusal result;
  result.what.code = errc::malformed_http;
  result.what.detail = std::move(detail);
  return result;
}

} // namespace parley::http
