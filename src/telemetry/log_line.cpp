#include "telemetry/log_line.hpp"

#include <array>
#include <charconv>
#include <cmath>

#include "config/quoting.hpp"

namespace parley::telemetry {

namespace {

constexpr std::size_t max_value_bytes = 4 * 1024;

template <class... Ts>
struct overloaded : Ts... {
  using Ts::operator()...;
};

void append_quoted(std::string& out, std::string_view text) {
  out += '"';
  config::append_escaped(out, text, max_value_bytes);
  out += '"';
}

// JSON has no infinities and no NaN; they become texts.
void append_number(std::string& out, double number) {
  if (!std::isfinite(number)) {
    append_quoted(out, std::isnan(number) ? "nan"
                       : number > 0       ? "inf"
                                          : "-inf");
    return;
  }
  std::array<char, 32> buffer{}; // the longest shortest form has 24
  auto [end, failure] =
    std::to_chars(buffer.data(), buffer.data() + buffer.size(), number);
  if (failure == std::errc{})
    out.append(buffer.data(), end);
}

// Everything but texts reads the same in both forms.
void append_scalar(std::string& out, std::int64_t number) {
  out += std::to_string(number);
}

void append_scalar(std::string& out, double number) {
  append_number(out, number);
}

void append_scalar(std::string& out, bool flag) {
  out += flag ? "true" : "false";
}

bool needs_quotes(std::string_view text) {
  return text.empty() || text.size() > max_value_bytes
         || text.find_first_of(" =") != std::string_view::npos
         || !config::is_plain(text);
}

// Names are literals of our own code, so a strange one is a mistake, not an
// attack; it must not break the line all the same.
void append_name(std::string& out, std::string_view name) {
  for (auto c : name) {
    auto plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
                 || (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '-';
    out += plain ? c : '_';
  }
}

bool is_reserved(std::string_view name) {
  return name == "time" || name == "level" || name == "event";
}

} // namespace

std::string_view to_string(config::log_level level) noexcept {
  switch (level) {
  case config::log_level::trace:
    return "trace";
  case config::log_level::debug:
    return "debug";
  case config::log_level::info:
    return "info";
  case config::log_level::warn:
    return "warn";
  case config::log_level::error:
    return "error";
  }
  return "error";
}

std::string text_line(timestamp when, config::log_level level,
                      std::string_view event, fields with) {
  auto line = parley::to_string(when);
  line += ' ';
  line += to_string(level);
  line += ' ';
  append_name(line, event);
  for (const auto& entry : with) {
    line += ' ';
    append_name(line, entry.name);
    line += '=';
    std::visit(overloaded{[&line](std::string_view text) {
                            if (needs_quotes(text))
                              append_quoted(line, text);
                            else
                              line += text;
                          },
                          [&line](auto scalar) {
                            append_scalar(line, scalar);
                          }},
               entry.value);
  }
  return line;
}

std::string json_line(timestamp when, config::log_level level,
                      std::string_view event, fields with) {
  std::string line = R"({"time":")" + parley::to_string(when);
  line += R"(","level":")";
  line += to_string(level);
  line += R"(","event":")";
  append_name(line, event);
  line += '"';
  for (const auto& entry : with) {
    line += is_reserved(entry.name) ? R"(,"field_)" : R"(,")";
    append_name(line, entry.name);
    line += R"(":)";
    std::visit(
      overloaded{[&line](std::string_view text) { append_quoted(line, text); },
                 [&line](auto scalar) {
                   append_scalar(line, scalar);
                 }},
      entry.value);
  }
  return line += '}';
}

} // namespace parley::telemetry
