#include "runtime/event_loops.hpp"

#include <algorithm>

#include <sched.h>

namespace parley::runtime {

std::size_t usable_cores() noexcept {
  cpu_set_t cores;
  // Fails where the machine has more cores than the set has places.
  if (::sched_getaffinity(0, sizeof(cores), &cores) == 0)
    return static_cast<std::size_t>(std::max(CPU_COUNT(&cores), 1));
  return std::max(1u, std::thread::hardware_concurrency());
}

event_loops::event_loops(std::size_t count) {
  count = std::max<std::size_t>(count, 1);
  loops_.reserve(count);
  guards_.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    // The hint 1 promises that one thread runs the loop. Handing work over
    // from other threads stays safe.
    auto& loop =
      *loops_.emplace_back(std::make_unique<boost::asio::io_context>(1));
    guards_.emplace_back(loop.get_executor());
  }
}

event_loops::~event_loops() {
  stop();
  for (auto& thread : threads_)
    thread.join();
}

void event_loops::run_threads() {
  if (!threads_.empty())
    return;
  threads_.reserve(loops_.size());
  for (auto& loop : loops_)
    threads_.emplace_back([context = loop.get()] { context->run(); });
}

void event_loops::stop() {
  // Stopping says all that there is to say: a guard only keeps an idle loop
  // running, and touching the guards would need a lock.
  for (auto& loop : loops_)
    loop->stop();
}

} // namespace parley::runtime
