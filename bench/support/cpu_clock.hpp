// How much processor time a process uses, in nanoseconds instead of
// /proc's hundredths of a second.
#pragma once

#include <cstdint>
#include <ctime>
#include <sys/types.h>
#include <vector>

namespace parley::bench {

/// Measures a process with all its threads, dead ones too, and the children it
/// has when the measuring begins.
class cpu_clock {
public:
  /// 0: nothing is measured, and the result is 0.
  explicit cpu_clock(pid_t process) : process_(process) {
  }

  void start();

  /// Microseconds since `start`.
  void stop();

  std::int64_t elapsed_us() const {
    return elapsed_us_;
  }

private:
  std::int64_t read_us() const;

  pid_t process_;
  std::vector<clockid_t> clocks_;
  std::int64_t started_us_ = 0;
  std::int64_t elapsed_us_ = 0;
};

} // namespace parley::bench
