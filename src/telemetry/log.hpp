// Structured logs, through spdlog, on standard error.
//
//   log.info("stream.finished", {{"stream", id.str()}, {"ms", elapsed}});
//
// The event's name is stable and dotted; ids and figures are fields; message
// text and secrets never appear. Thread-safe.
#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <variant>

#include "config/settings.hpp"

namespace spdlog {
class logger;
}

namespace parley::telemetry {

struct field {
  using value_type = std::variant<std::string_view, std::int64_t, double, bool>;

  field(std::string_view key, std::string_view text) : name(key), value(text) {
  }
  field(std::string_view key, const char* text)
    : name(key), value(std::string_view{text}) {
  }
  field(std::string_view key, const std::string& text)
    : name(key), value(std::string_view{text}) {
  }
  field(std::string_view key, bool flag) : name(key), value(flag) {
  }
  field(std::string_view key, double number) : name(key), value(number) {
  }
  template <std::integral T>
  field(std::string_view key, T number)
    : name(key), value(static_cast<std::int64_t>(number)) {
  }

  std::string_view name;
  value_type value; // views must live until the call returns
};

using fields = std::initializer_list<field>;

class log {
public:
  log(config::log_level level, config::log_format format);
  // Says nothing; for tests.
  log();
  ~log();

  void trace(std::string_view event, fields with = {}) const;
  void debug(std::string_view event, fields with = {}) const;
  void info(std::string_view event, fields with = {}) const;
  void warn(std::string_view event, fields with = {}) const;
  void error(std::string_view event, fields with = {}) const;

  [[nodiscard]] bool enabled(config::log_level level) const noexcept;

private:
  void write(config::log_level level, std::string_view event,
             fields with) const;

  std::shared_ptr<spdlog::logger> logger_;
  config::log_format format_ = config::log_format::text;
};

} // namespace parley::telemetry
