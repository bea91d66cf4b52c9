#include "telemetry/log.hpp"

#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>

#include "telemetry/log_line.hpp"

namespace parley::telemetry {

namespace {

spdlog::level::level_enum to_spdlog(config::log_level level) noexcept {
  switch (level) {
  case config::log_level::trace:
    return spdlog::level::trace;
  case config::log_level::debug:
    return spdlog::level::debug;
  case config::log_level::info:
    return spdlog::level::info;
  case config::log_level::warn:
    return spdlog::level::warn;
  case config::log_level::error:
    break;
  }
  return spdlog::level::err;
}

} // namespace

// The sink's mutex makes lines whole; standard error has no buffer of its own,
// so each line is one write.
log::log(config::log_level level, config::log_format format)
  : logger_(std::make_shared<spdlog::logger>(
    "parley", std::make_shared<spdlog::sinks::stderr_sink_mt>())),
    format_(format) {
  logger_->set_level(to_spdlog(level));
  logger_->set_pattern("%v");
}

log::log() = default;

log::~log() = default;

void log::trace(std::string_view event, fields with) const {
  write(config::log_level::trace, event, with);
}

void log::debug(std::string_view event, fields with) const {
  write(config::log_level::debug, event, with);
}

void log::info(std::string_view event, fields with) const {
  write(config::log_level::info, event, with);
}

void log::warn(std::string_view event, fields with) const {
  write(config::log_level::warn, event, with);
}

void log::error(std::string_view event, fields with) const {
  write(config::log_level::error, event, with);
}

bool log::enabled(config::log_level level) const noexcept {
  return logger_ && logger_->should_log(to_spdlog(level));
}

void log::write(config::log_level level, std::string_view event,
                fields with) const {
  if (!enabled(level))
    return;
  auto now = timestamp::now();
  auto line = format_ == config::log_format::json
                ? json_line(now, level, event, with)
                : text_line(now, level, event, with);
  logger_->log(to_spdlog(level), spdlog::string_view_t{line});
}

} // namespace parley::telemetry
