#include "http/content_check.hpp"

#include <algorithm>

#include "http/text.hpp"

namespace parley::http {

namespace {

refusal unsupported(std::string detail) {
  refusal result;
  result.what.code = errc::unsupported_media_type;
  result.what.detail = std::move(detail);
  return result;
}

std::string_view unquote(std::string_view text) {
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"')
    return text.substr(1, text.size() - 2);
  return text;
}

// RFC 8259 §8.1: JSON is UTF-8, whatever a charset says.
bool has_foreign_charset(std::string_view parameters) {
  bool foreign = false;
  for_each_element(parameters, ';', [&foreign](std::string_view parameter) {
    const auto equals = std::min(parameter.find('='), parameter.size());
    if (!equal_ignoring_case(trim(parameter.substr(0, equals)), "charset"))
      return;
    const auto value =
      unquote(trim(parameter.substr(std::min(equals + 1, parameter.size()))));
    foreign = foreign
              || !(equal_ignoring_case(value, "utf-8")
                   || equal_ignoring_case(value, "utf8"));
  });
  return foreign;
}

} // namespace

std::optional<refusal> check_json_content(const request& head) {
  const auto type = head.header("content-type");
  if (!type)
    return unsupported("the request needs Content-Type: application/json");
  const auto semicolon = std::min(type->find(';'), type->size());
  if (!equal_ignoring_case(trim(type->substr(0, semicolon)),
                           "application/json"))
    return unsupported("the body must be application/json");
  if (has_foreign_charset(type->substr(std::min(semicolon + 1, type->size()))))
    return unsupported("JSON is taken in UTF-8 only");
  const auto coding = head.header("content-encoding");
  if (coding && !coding->empty() && !equal_ignoring_case(*coding, "identity"))
    return unsupported("the body must come without a Content-Encoding");
  return std::nullopt;
}

} // namespace parley::http
