// The threads' event loops: one Asio io_context per scheduler thread.
//
// With CAF 0.18 CAF's own workers run them (runtime/scheduler.hpp), so that an
// actor and the sockets of its connection share one thread. With newer CAFs,
// whose scheduler cannot be replaced so, `run_threads` gives them threads of
// their own. Either way: whatever is created on a loop's executor runs on that
// loop's one thread, without strands or locks.
#pragma once

#include <cstddef>
#include <memory>
#include <thread>
#include <vector>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

namespace parley::runtime {

// The cores that this process may use, at least 1: fewer than the machine has
// where it was started with an affinity (taskset, a container's cpuset).
[[nodiscard]] std::size_t usable_cores() noexcept;

class event_loops {
public:
  explicit event_loops(std::size_t count);
  ~event_loops(); // joins the threads of run_threads, if any

  event_loops(const event_loops&) = delete;
  event_loops& operator=(const event_loops&) = delete;

  [[nodiscard]] std::size_t size() const noexcept {
    return loops_.size();
  }
  [[nodiscard]] boost::asio::io_context& at(std::size_t index) noexcept {
    return *loops_[index];
  }

  // Starts one thread per loop. Only where no scheduler runs the loops.
  void run_threads();

  // Lets the threads of run_threads end. Thread-safe. Never while a scheduler
  // runs the loops: its workers would find nothing to wait for.
  void stop();

private:
  using guard =
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type>;

  std::vector<std::unique_ptr<boost::asio::io_context>> loops_;
  std::vector<guard> guards_;
  std::vector<std::thread> threads_;
};

} // namespace parley::runtime
