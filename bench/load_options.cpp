#include "load_options.hpp"

#include <charconv>
#include <cstdio>
#include <functional>
#include <map>
#include <string_view>

namespace parley::bench {

namespace {

constexpr const char* usage =
  "usage: load_client --port=N --body=JSON [option]...\n"
  "  --path=/...           what is POSTed to\n"
  "  --text-key=chunk      the frames' member that holds the text\n"
  "  --streams=1           connections\n"
  "  --ramp-ms=0           time over which they are opened\n"
  "  --requests=1          answers a connection asks for in sequence\n"
  "  --tokens=1            tokens each answer must have\n"
  "  --window=all          all, or steady: while every stream runs\n"
  "  --settle-ms=500       before the steady window opens\n"
  "  --latest-opening-s=N  it opens then, whether every stream runs or not,\n"
  "  --late-window-s=10    and the run ends after so long\n"
  "  --deadline-s=60       then what is unfinished counts as timed out\n"
  "  --server-pid=N        measure this process, and its children\n"
  "  --upstream-pid=N      count this process to the load's own side\n"
  "  --hold=heads          report when all heads are there (or `requests`:\n"
  "                        when all are sent), then stay until the end of\n"
  "                        standard input\n";

template <class Integer>
bool read_number(std::string_view text, Integer& value) {
  const auto* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, value);
  return parsed.ec == std::errc{} && parsed.ptr == end && value >= Integer{};
}

bool read_scaled(std::string_view text, std::int64_t unit_us,
                 std::int64_t& value) {
  if (!read_number(text, value))
    return false;
  value *= unit_us;
  return true;
}

bool read_window(std::string_view text, measured_window& value) {
  value = text == "steady" ? measured_window::steady_state
                           : measured_window::whole_run;
  return text == "steady" || text == "all";
}

bool read_hold(std::string_view text, held_at& value) {
  value = text == "heads" ? held_at::heads : held_at::requests;
  return text == "heads" || text == "requests";
}

std::string http_request(const std::string& path, const std::string& body) {
  return "POST " + path
         + " HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
           "Accept: text/event-stream\r\nContent-Length: "
         + std::to_string(body.size()) + "\r\n\r\n" + body;
}

} // namespace

std::optional<load_options> parse_load_options(int argc, char** argv) {
  load_options result;
  std::string path = "/api/v1/chat/message/stream";
  std::string body;
  const auto text_into = [](std::string& target) {
    return [&target](std::string_view text) {
      target = text;
      return !text.empty();
    };
  };
  using reader = std::function<bool(std::string_view)>;
  const std::map<std::string_view, reader> readers{
    {"--path", text_into(path)},
    {"--body", text_into(body)},
    {"--text-key",
     [&result](auto text) {
       result.text_opening = '"' + std::string{text} + "\":\"";
       return !text.empty();
     }},
    {"--port",
     [&result](auto text) {
       return read_number(text, result.port);
     }},
    {"--streams",
     [&result](auto text) {
       return read_number(text, result.streams);
     }},
    {"--requests",
     [&result](auto text) {
       return read_number(text, result.requests);
     }},
    {"--tokens",
     [&result](auto text) {
       return read_number(text, result.tokens);
     }},
    {"--server-pid",
     [&result](auto text) {
       return read_number(text, result.server_pid);
     }},
    {"--upstream-pid",
     [&result](auto text) {
       return read_number(text, result.upstream_pid);
     }},
    {"--ramp-ms",
     [&result](auto text) {
       return read_scaled(text, 1'000, result.ramp_us);
     }},
    {"--settle-ms",
     [&result](auto text) {
       return read_scaled(text, 1'000, result.settle_us);
     }},
    {"--latest-opening-s",
     [&result](auto text) {
       return read_scaled(text, 1'000'000, result.latest_opening_us);
     }},
    {"--late-window-s",
     [&result](auto text) {
       return read_scaled(text, 1'000'000, result.late_window_us);
     }},
    {"--deadline-s",
     [&result](auto text) {
       return read_scaled(text, 1'000'000, result.deadline_us);
     }},
    {"--window",
     [&result](auto text) {
       return read_window(text, result.window);
     }},
    {"--hold",
     [&result](auto text) {
       return read_hold(text, result.hold);
     }},
  };
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    const auto equals = argument.find('=');
    const auto found = readers.find(argument.substr(0, equals));
    const auto value = equals == std::string_view::npos
                         ? std::string_view{}
                         : argument.substr(equals + 1);
    if (found == readers.end() || !found->second(value)) {
      std::fprintf(stderr, "load_client: cannot use '%s'\n%s", argv[i], usage);
      return std::nullopt;
    }
  }
  if (result.port == 0 || body.empty() || result.streams == 0) {
    std::fprintf(stderr,
                 "load_client: a port, a body and at least one stream "
                 "are needed\n%s",
                 usage);
    return std::nullopt;
  }
  result.request = http_request(path, body);
  return result;
}

} // namespace parley::bench
