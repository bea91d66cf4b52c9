// Ties an event loop to the CAF executor whose thread runs it: an Asio service
// of the io_context, so that whoever has the loop finds the executor.
#pragma once

#include <atomic>
#include <memory>

#include <boost/asio/io_context.hpp>
#include <caf/actor_system.hpp>

#include "runtime/caf_compat.hpp"

#if CAF_MAJOR_VERSION < 1
#  include <caf/scoped_execution_unit.hpp>
#endif

namespace parley::runtime {

class executor_service : public boost::asio::io_context::service {
public:
  static boost::asio::io_context::id id;

  explicit executor_service(boost::asio::io_context& loop)
    : boost::asio::io_context::service(loop) {
  }

  // Set by the scheduler's worker before it runs the loop.
  void attach(caf_executor* executor) noexcept {
    attached_.store(executor, std::memory_order_release);
  }

  // The worker that runs this loop; where none does (tests, CAF 1.x) one that
  // hands jobs to the system's scheduler. On the loop's thread.
  [[nodiscard]] caf_executor* get(caf::actor_system& system) {
    if (auto* executor = attached_.load(std::memory_order_acquire))
      return executor;
#if CAF_MAJOR_VERSION >= 1
    return &system.scheduler();
#else
    if (!fallback_)
      fallback_ = std::make_unique<caf::scoped_execution_unit>(&system);
    return fallback_.get();
#endif
  }

private:
  void shutdown() override {
  }

  std::atomic<caf_executor*> attached_ = nullptr;
#if CAF_MAJOR_VERSION < 1
  std::unique_ptr<caf::scoped_execution_unit> fallback_;
#endif
};

} // namespace parley::runtime
