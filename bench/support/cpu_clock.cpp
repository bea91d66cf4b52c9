#include "support/cpu_clock.hpp"

#include "support/net.hpp"

#include <fstream>
#include <string>

namespace parley::bench {

namespace {

void add_clocks(pid_t process, std::vector<clockid_t>& clocks) {
  clockid_t clock{};
  if (clock_getcpuclockid(process, &clock) != 0)
    fail("the processor time of process " + std::to_string(process));
  clocks.push_back(clock);
  const auto name = std::to_string(process);
  std::ifstream children{"/proc/" + name + "/task/" + name + "/children"};
  for (pid_t child = 0; children >> child;)
    add_clocks(child, clocks);
}

} // namespace

void cpu_clock::start() {
  clocks_.clear();
  if (process_ != 0)
    add_clocks(process_, clocks_);
  started_us_ = read_us();
}

void cpu_clock::stop() {
  elapsed_us_ = read_us() - started_us_;
}

std::int64_t cpu_clock::read_us() const {
  std::int64_t sum = 0;
  for (const auto clock : clocks_) {
    timespec now{};
    if (clock_gettime(clock, &now) == 0)
      sum += std::int64_t{now.tv_sec} * 1'000'000 + now.tv_nsec / 1'000;
  }
  return sum;
}

} // namespace parley::bench
