#include "wire/problem.hpp"

#include "wire/json_writer.hpp"

namespace parley::wire {

namespace {

std::string_view detail_of(const error& what) {
  return what.detail.empty() ? info(what.code).title
                             : std::string_view{what.detail};
}

std::string_view openai_type(int http_status) {
  switch (http_status) {
  case 401:
    return "authentication_error";
  case 403:
    return "permission_error";
  case 404:
    return "not_found_error";
  case 429:
    return "rate_limit_error";
  default:
    return http_status < 500 ? "invalid_request_error" : "server_error";
  }
}

} // namespace

std::string encode_problem(const error& what, std::string_view request_id) {
  const auto& about = info(what.code);
  std::string out;
  json_writer to{out};
  to.begin_object();
  to.key("type").string("urn:parley:problem:" + std::string{about.code});
  to.key("title").string(about.title);
  to.key("status").number(about.http_status);
  to.key("detail").string(detail_of(what));
  to.key("code").string(about.code);
  to.key("request_id").string(request_id);
  if (!what.field.empty())
    to.key("field").string(what.field);
  if (!what.reference.empty()) {
    if (what.code == errc::conversation_busy)
      to.key("active_stream_id").string(what.reference);
    else if (what.code == errc::stream_expired)
      to.key("message_id").string(what.reference);
  }
  to.end_object();
  return out;
}

std::string encode_openai_error(const error& what) {
  const auto& about = info(what.code);
  std::string out;
  json_writer to{out};
  to.begin_object().key("error").begin_object();
  to.key("message").string(detail_of(what));
  to.key("type").string(openai_type(about.http_status));
  to.key("param").string_or_null(what.field);
  to.key("code").string(about.code);
  to.end_object().end_object();
  return out;
}

} // namespace parley::wire
