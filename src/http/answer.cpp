#include "http/answer.hpp"

#include <algorithm>

#include <boost/beast/http/status.hpp>

#include "wire/sse_encoder.hpp"

namespace parley::http {

namespace {

using header_list = std::vector<std::pair<std::string, std::string>>;

// A header's value may hold what a client sent; it must not end the line.
void append_header(std::string& head, std::string_view name,
                   std::string_view value) {
  head.append(name).append(": ");
  for (auto c : value)
    head += static_cast<unsigned char>(c) < 0x20 || c == '\x7f' ? ' ' : c;
  head += "\r\n";
}

void append_status_line(std::string& head, int status) {
  const auto reason = boost::beast::http::obsolete_reason(
    boost::beast::http::int_to_status(static_cast<unsigned>(status)));
  head.append("HTTP/1.1 ")
    .append(std::to_string(status))
    .append(" ")
    .append(reason.data(), reason.size())
    .append("\r\n");
}

void append_connection(std::string& head, const answer_context& context,
                       const answer_surroundings& around) {
  if (!around.keep_alive)
    head += "Connection: close\r\n";
  else if (context.version == 10)
    head += "Connection: keep-alive\r\n";
}

void append_common(std::string& head, const answer_context& context,
                   const answer_surroundings& around) {
  append_header(head, "Date", around.date);
  head += "Server: parley\r\n";
  append_header(head, "X-Request-Id", context.request_id);
  around.cors.append_headers(head, context.origin);
}

// RFC 9110 §8.6: neither length nor body.
bool has_no_content(int status) {
  return status == 204 || status == 304 || status < 200;
}

bool has_header(const header_list& headers, std::string_view name) {
  return std::any_of(headers.begin(), headers.end(),
                     [name](const auto& field) { return field.first == name; });
}

} // namespace

std::string_view method_name(method which) noexcept {
  switch (which) {
  case method::get:
    return "GET";
  case method::head:
    return "HEAD";
  case method::post:
    return "POST";
  case method::put:
    return "PUT";
  case method::patch:
    return "PATCH";
  case method::del:
    return "DELETE";
  case method::options:
    return "OPTIONS";
  case method::other:
    return "-";
  }
  return "-";
}

answer_context make_context(const request_head& head) {
  answer_context result;
  result.method = head.request.method;
  result.shape = error_shape_for(head.request.path);
  result.version = head.version;
  result.keep_alive = head.keep_alive;
  result.accepts_gzip =
    accepts_gzip(head.request.header("accept-encoding").value_or(""));
  result.origin = head.request.header("origin").value_or("");
  result.request_id = head.request.id;
  return result;
}

answer_context make_context(const head_sketch& head) {
  answer_context result;
  result.method = head.is_head_method ? method::head : method::other;
  result.shape = error_shape_for(head.path);
  result.origin = head.origin;
  result.request_id = head.request_id;
  return result;
}

void append_answer(output_buffer& out, response what,
                   const answer_context& context,
                   const answer_surroundings& around) {
  const bool compressible = around.compress
                            && what.body.size() > min_compressed_bytes
                            && what.body.size() <= max_compressed_bytes
                            && is_compressible(what.content_type)
                            && !has_header(what.headers, "Content-Encoding");
  const bool compressed = compressible && context.accepts_gzip;
  if (compressed)
    what.body = gzip(what.body);
  // GET would send it as it comes.
  const bool is_head_of_stream = context.method == method::head
                                 && what.content_type == wire::sse_content_type;
  std::string head;
  head.reserve(512);
  append_status_line(head, what.status);
  append_common(head, context, around);
  for (const auto& [name, value] : what.headers)
    append_header(head, name, value);
  if (!has_no_content(what.status)) {
    if (!what.content_type.empty())
      append_header(head, "Content-Type", what.content_type);
    if (compressible)
      head += "Vary: Accept-Encoding\r\n";
    if (compressed)
      head += "Content-Encoding: gzip\r\n";
    if (!is_head_of_stream)
      append_header(head, "Content-Length", std::to_string(what.body.size()));
  }
  append_connection(head, context, around);
  head += "\r\n";
  out.push(std::move(head));
  if (!has_no_content(what.status) && context.method != method::head)
    out.push(std::move(what.body));
}

void append_options_answer(output_buffer& out, std::string_view allow,
                           std::optional<std::string_view> requested,
                           const answer_context& context,
                           const answer_surroundings& around) {
  std::string head;
  append_status_line(head, 204);
  append_common(head, context, around);
  append_header(head, "Allow", allow);
  if (requested && around.cors.allows(context.origin))
    around.cors.append_preflight_headers(head, allow, *requested);
  append_connection(head, context, around);
  head += "\r\n";
  out.push(std::move(head));
}

void append_stream_head(output_buffer& out, const header_list& extra_headers,
                        stream_coding coding, const answer_context& context,
                        const answer_surroundings& around) {
  std::string head;
  head.reserve(512);
  append_status_line(head, 200);
  head += "Content-Type: text/event-stream; charset=utf-8\r\n"
          "Cache-Control: no-cache, no-transform\r\n"
          "X-Accel-Buffering: no\r\n";
  append_common(head, context, around);
  for (const auto& [name, value] : extra_headers)
    append_header(head, name, value);
  if (around.compress)
    head += "Vary: Accept-Encoding\r\n";
  if (coding == stream_coding::gzip)
    head += "Content-Encoding: gzip\r\n";
  if (context.version == 11)
    head += "Transfer-Encoding: chunked\r\n";
  head +=
    around.keep_alive ? "Connection: keep-alive\r\n" : "Connection: close\r\n";
  head += "\r\n";
  out.push(std::move(head));
}

} // namespace parley::http
