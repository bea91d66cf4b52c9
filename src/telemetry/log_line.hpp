// One event of the log as one line. Pure functions; telemetry/log.hpp writes
// what they return.
//
//   2026-11-22T18:30:00.123Z info stream.finished stream=strm_… ms=12
//   {"time":"2026-11-22T18:30:00.123Z","level":"info",
//    "event":"stream.finished","stream":"strm_…","ms":12}
//
// Whatever the values hold, the line stays one line, valid UTF-8, and no value
// can be taken for a field: values are escaped and cut after 4 KiB.
#pragma once

#include <string>
#include <string_view>

#include "chat/timestamp.hpp"
#include "config/settings.hpp"
#include "telemetry/log.hpp"

namespace parley::telemetry {

[[nodiscard]] std::string_view to_string(config::log_level level) noexcept;

// Texts that hold blanks, quotes or equals signs, or that are empty, stand in
// quotes; so do `nan` and `inf`.
[[nodiscard]] std::string text_line(timestamp when, config::log_level level,
                                    std::string_view event, fields with);

// A field named `time`, `level` or `event` comes out as `field_time` and so on.
[[nodiscard]] std::string json_line(timestamp when, config::log_level level,
                                    std::string_view event, fields with);

} // namespace parley::telemetry
