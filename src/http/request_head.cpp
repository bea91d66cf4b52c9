#include "http/request_head.hpp"

#include <algorithm>
#include <charconv>

#include "chat/limits.hpp"
#include "http/target.hpp"
#include "http/text.hpp"

namespace parley::http {

namespace {

namespace beast = boost::beast;

constexpr std::size_t max_request_id_bytes = 128;

using parsed = tl::expected<void, refusal>;

tl::unexpected<refusal> refuse(std::string detail) {
  return tl::unexpected<refusal>{malformed(std::move(detail))};
}

std::string_view to_std(beast::string_view text) {
  return {text.data(), text.size()};
}

method to_method(beast::http::verb verb) {
  switch (verb) {
  case beast::http::verb::get:
    return method::get;
  case beast::http::verb::head:
    return method::head;
  case beast::http::verb::post:
    return method::post;
  case beast::http::verb::put:
    return method::put;
  case beast::http::verb::patch:
    return method::patch;
  case beast::http::verb::delete_:
    return method::del;
  case beast::http::verb::options:
    return method::options;
  default:
    return method::other;
  }
}

// Beast calls a version that it does not speak the same as garbage.
bool has_foreign_version(std::string_view raw) {
  const auto line = raw.substr(0, raw.find('\r'));
  const auto space = line.rfind(' ');
  if (space == std::string_view::npos)
    return false;
  const auto version = line.substr(space + 1);
  const auto digit = [](char c) {
    return c >= '0' && c <= '9';
  };
  return version.size() == 8 && version.starts_with("HTTP/")
         && digit(version[5]) && version[6] == '.' && digit(version[7])
         && version != "HTTP/1.0" && version != "HTTP/1.1";
}

// RFC 9112 §3.2: exactly one Host in HTTP/1.1, and one that can be a host.
parsed check_host(const request_head& head) {
  std::size_t count = 0;
  for (const auto& [name, value] : head.request.headers) {
    if (name != "host")
      continue;
    ++count;
    const auto valid = std::all_of(value.begin(), value.end(), [](char c) {
      return c > ' ' && c < '\x7f'
             && std::string_view{"/?#@\\\"<>^`{|}"}.find(c)
                  == std::string_view::npos;
    });
    if (!valid)
      return refuse("the Host header does not name a host");
  }
  if (count > 1)
    return refuse("there is more than one Host header");
  if (count == 0 && head.version == 11)
    return refuse("a request of HTTP/1.1 needs a Host header");
  return {};
}

parsed read_content_length(std::string_view value, bool first,
                           request_head& head) {
  std::uint64_t length = 0;
  const auto end = value.data() + value.size();
  const auto [stop, failure] = std::from_chars(value.data(), end, length);
  if (failure != std::errc{} || stop != end)
    return refuse("Content-Length is not a number");
  if (!first && length != head.content_length)
    return refuse("there are Content-Length headers that differ");
  head.content_length = length;
  return {};
}

// RFC 9112 §6: where the body ends must have one reading only.
parsed check_framing(request_head& head) {
  std::size_t lengths = 0;
  std::size_t codings = 0;
  for (const auto& [name, value] : head.request.headers) {
    if (name == "content-length") {
      if (auto read = read_content_length(value, lengths++ == 0, head); !read)
        return read;
    } else if (name == "transfer-encoding") {
      ++codings;
      if (!equal_ignoring_case(value, "chunked"))
        return refuse("the only Transfer-Encoding taken is chunked");
      head.chunked = true;
    }
  }
  if (codings > 1)
    return refuse("there is more than one Transfer-Encoding header");
  if (codings == 1 && lengths > 0)
    return refuse("Transfer-Encoding and Content-Length exclude each other");
  if (codings == 1 && head.version == 10)
    return refuse("HTTP/1.0 knows no Transfer-Encoding");
  return {};
}

void read_expectation(request_head& head) {
  const auto value = head.request.header("expect");
  // RFC 9110 §10.1.1: one in HTTP/1.0 is ignored.
  if (!value || head.version == 10)
    return;
  head.expects = equal_ignoring_case(*value, "100-continue")
                   ? expectation::continue_100
                   : expectation::unknown;
}

void read_connection(request_head& head) {
  bool close = false;
  bool keep_alive = false;
  for (const auto& [name, value] : head.request.headers) {
    if (name != "connection")
      continue;
    for_each_element(value, ',', [&](std::string_view option) {
      close = close || equal_ignoring_case(option, "close");
      keep_alive = keep_alive || equal_ignoring_case(option, "keep-alive");
    });
  }
  head.keep_alive = !close && (head.version == 11 || keep_alive);
}

parsed read_target(std::string_view text, request_head& head) {
  auto parts = parse_target(text);
  if (!parts)
    return refuse("the request target is not a path of this server");
  if (parts->asterisk && head.request.method != method::options)
    return refuse("only OPTIONS can be asked of *");
  head.asterisk = parts->asterisk;
  head.raw_path = std::move(parts->raw_path);
  head.request.path = std::move(parts->path);
  head.request.query = std::move(parts->query);
  return {};
}

} // namespace

bool is_valid_request_id(std::string_view text) noexcept {
  return !text.empty() && text.size() <= max_request_id_bytes
         && is_visible_ascii(text);
}

tl::expected<request_head, refusal> parse_request_head(std::string_view raw,
                                                       body_parser& parser) {
  if (has_foreign_version(raw)) {
    auto result = malformed("this server speaks HTTP/1.1 and HTTP/1.0");
    result.status = 505;
    return tl::unexpected<refusal>{std::move(result)};
  }
  // The caller has counted already, and limits bodies by itself.
  parser.header_limit(static_cast<std::uint32_t>(raw.size()));
  parser.body_limit(boost::none);
  beast::error_code ec;
  parser.put(boost::asio::buffer(raw.data(), raw.size()), ec);
  if (ec || !parser.is_header_done())
    return refuse("the request is not HTTP: "
                  + (ec ? ec.message() : std::string{"it ends too early"}));
  const auto& message = parser.get();
  request_head head;
  head.version = message.version();
  head.request.method = to_method(message.method());
  for (const auto& field : message) {
    auto name = lower_case(to_std(field.name_string()));
    if (name == "x-request-id" && is_valid_request_id(to_std(field.value())))
      head.request.id = to_std(field.value());
    head.request.headers.emplace_back(std::move(name), to_std(field.value()));
  }
  if (auto passed = check_host(head); !passed)
    return tl::unexpected<refusal>{std::move(passed.error())};
  if (auto passed = check_framing(head); !passed)
    return tl::unexpected<refusal>{std::move(passed.error())};
  if (auto passed = read_target(to_std(message.target()), head); !passed)
    return tl::unexpected<refusal>{std::move(passed.error())};
  read_expectation(head);
  read_connection(head);
  return head;
}

head_sketch sketch_head(std::string_view raw) {
  head_sketch result;
  const auto line = raw.substr(0, raw.find_first_of("\r\n"));
  result.is_head_method = line.starts_with("HEAD ");
  const auto space = std::min(line.find(' '), line.size());
  const auto target = line.substr(std::min(space + 1, line.size()));
  result.path = target.substr(0, target.find_first_of(" ?"));
  auto rest = raw.substr(line.size());
  while (!rest.empty()) {
    const auto start = std::min(rest.find_first_not_of("\r\n"), rest.size());
    rest.remove_prefix(start);
    const auto end = std::min(rest.find_first_of("\r\n"), rest.size());
    const auto field = rest.substr(0, end);
    // A line that was cut off does not count: its value may go on.
    if (end == rest.size())
      break;
    rest.remove_prefix(end);
    const auto colon = std::min(field.find(':'), field.size());
    const auto name = field.substr(0, colon);
    const auto value = trim(field.substr(std::min(colon + 1, field.size())));
    if (equal_ignoring_case(name, "origin") && is_visible_ascii(value))
      result.origin = value;
    else if (equal_ignoring_case(name, "x-request-id")
             && is_valid_request_id(value))
      result.request_id = value;
  }
  return result;
}

} // namespace parley::http
