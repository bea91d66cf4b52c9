// What the load client is asked to do.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <sys/types.h>

namespace parley::bench {

/// When tokens and processor time are counted.
enum class measured_window {
  /// From the first connection to the last answer.
  whole_run,
  /// While every stream runs: from a while after the last stream's first token
  /// to the end of the first answer.
  steady_state,
};

/// Where the run stops, reports, and keeps its connections open until standard
/// input ends.
enum class held_at {
  nothing,
  /// Every stream has sent its request.
  requests,
  /// Every stream has the head of its response.
  heads,
};

struct load_options {
  std::uint16_t port = 0;
  /// The whole HTTP request, the same for every stream.
  std::string request;
  /// What stands before the text in a frame, such as `"chunk":"`.
  std::string text_opening = R"("chunk":")";
  std::uint32_t streams = 1;
  /// Over which the streams are opened, evenly.
  std::int64_t ramp_us = 0;
  /// Answers that each connection asks for, one after the other.
  std::uint32_t requests = 1;
  /// In each answer; any other number is an error.
  std::uint32_t tokens = 1;
  measured_window window = measured_window::whole_run;
  std::int64_t settle_us = 500'000;
  /// A steady window opens at this time at the latest, also when some stream
  /// has no token yet, and then lasts as long as `late_window_us`; the run ends
  /// with it, because a server that is so late will not catch up.
  std::int64_t latest_opening_us = 3'600'000'000;
  std::int64_t late_window_us = 10'000'000;
  std::int64_t deadline_us = 60'000'000;
  /// The server's and the upstream's process; 0: not measured.
  pid_t server_pid = 0;
  pid_t upstream_pid = 0;
  held_at hold = held_at::nothing;
};

/// Prints what is wrong to standard error, where something is.
std::optional<load_options> parse_load_options(int argc, char** argv);

} // namespace parley::bench
