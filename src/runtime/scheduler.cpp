#include "runtime/scheduler.hpp"

#include <memory>
#include <unordered_set>
#include <utility>
#include <vector>

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include "runtime/executor_service.hpp"

#if CAF_VERSION < 10000
#  include <atomic>
#  include <deque>

#  include <caf/policy/unprofiled.hpp>
#  include <caf/scheduled_actor.hpp>
#  include <caf/scheduler/coordinator.hpp>
#  include <caf/scheduler/worker.hpp>
#endif

namespace parley::runtime {

boost::asio::io_context::id executor_service::id;

#if CAF_VERSION < 10000

namespace {

namespace asio = boost::asio;

// Jobs that a worker runs from its own queue before it looks at its sockets
// again. High enough to amortise the look, low enough that a busy actor does
// not starve a socket.
constexpr std::size_t jobs_between_polls = 32;

// The worker that runs this thread; null on threads that are no worker.
thread_local const void* worker_of_this_thread = nullptr;
constexpr std::size_t no_loop = static_cast<std::size_t>(-1);
thread_local std::size_t index_of_this_thread = no_loop;

class loop_policy : public caf::policy::unprofiled {
public:
  struct coordinator_data {
    explicit coordinator_data(caf::scheduler::abstract_coordinator* parent)
      : loops(static_cast<const system_config&>(parent->config()).loops) {
    }
    event_loops& loops;
    std::atomic<std::size_t> next = 0;
  };

  struct worker_data {
    explicit worker_data(caf::scheduler::abstract_coordinator*) {
    }
    std::deque<caf::resumable*> queue; // touched by the worker's thread only
    std::size_t since_poll = 0;
  };

  template <class Coordinator>
  void central_enqueue(Coordinator* self, caf::resumable* job) {
    auto count = d(self).loops.size();
    if (worker_of_this_thread != nullptr) {
      for (std::size_t i = 0; i < count; ++i)
        if (self->worker_by_id(i) == worker_of_this_thread)
          return internal_enqueue(self->worker_by_id(i), job);
    }
    // An actor that has run keeps its thread: its mailbox orders this read
    // behind the last time that the actor ran.
    if (job->subtype() == caf::resumable::scheduled_actor) {
      auto* last = static_cast<caf::scheduled_actor*>(job)->context();
      for (std::size_t i = 0; i < count; ++i)
        if (self->worker_by_id(i) == last)
          return external_enqueue(self->worker_by_id(i), job);
    }
    auto next = d(self).next.fetch_add(1, std::memory_order_relaxed);
    external_enqueue(self->worker_by_id(next % count), job);
  }

  template <class Worker>
  void external_enqueue(Worker* self, caf::resumable* job) {
    asio::post(loop_of(self),
               [self, job] { self->data().queue.push_back(job); });
  }

  template <class Worker>
  void internal_enqueue(Worker* self, caf::resumable* job) {
    if (worker_of_this_thread == self)
      self->data().queue.push_back(job);
    else
      external_enqueue(self, job);
  }

  template <class Worker>
  void resume_job_later(Worker* self, caf::resumable* job) {
    self->data().queue.push_back(job);
  }

  template <class Worker>
  caf::resumable* dequeue(Worker* self) {
    auto& data = self->data();
    if (worker_of_this_thread != self) {
      worker_of_this_thread = self;
      index_of_this_thread = self->id();
      asio::use_service<executor_service>(loop_of(self)).attach(self);
    }
    for (;;) {
      if (data.queue.empty()) {
        data.since_poll = 0;
        loop_of(self).run_one();
      } else if (++data.since_poll > jobs_between_polls) {
        data.since_poll = 0;
        loop_of(self).poll();
      } else {
        auto* job = data.queue.front();
        data.queue.pop_front();
        return job;
      }
    }
  }

  template <class Worker, class Function>
  void foreach_resumable(Worker* self, Function f) {
    asio::use_service<executor_service>(loop_of(self)).attach(nullptr);
    loop_of(self).poll(); // jobs that were posted to it last
    for (auto* job : self->data().queue)
      f(job);
    self->data().queue.clear();
  }

  template <class Coordinator, class Function>
  void foreach_central_resumable(Coordinator*, Function) {
  }

private:
  template <class Worker>
  static asio::io_context& loop_of(Worker* self) {
    return d(self->parent()).loops.at(self->id());
  }
};

// CAF's clock on Asio's timers: CAF's own sorts all of its timers for each new
// one, on a thread of its own, which thousands of streams would pay for with
// two hand-overs a timer. A timer that is disposed of stays until it is due; it
// holds no more than its action.
class loop_clock : public caf::detail::thread_safe_actor_clock {
public:
  explicit loop_clock(event_loops& loops) : loops_(loops), live_(loops.size()) {
  }

  caf::disposable schedule_periodically(time_point first_run, caf::action f,
                                        duration_type period) override {
    auto result = f.as_disposable();
    if (auto index = index_of_this_thread; index != no_loop)
      start(index, first_run, std::move(f), period);
    else
      asio::post(loops_.at(0),
                 [this, first_run, f = std::move(f), period]() mutable {
                   start(0, first_run, std::move(f), period);
                 });
    return result;
  }

  // Forgets all timers: they may hold actors, which must not outlive the
  // system. Once no thread runs the loops any more.
  void clear() {
    for (std::size_t i = 0; i < live_.size(); ++i) {
      for (auto* timer : live_[i])
        timer->cancel();
      loops_.at(i).poll();
    }
  }

private:
  // On the loop's thread.
  void start(std::size_t index, time_point when, caf::action f,
             duration_type period) {
    auto timer = std::make_unique<asio::steady_timer>(loops_.at(index), when);
    auto* raw = timer.get();
    live_[index].insert(raw);
    raw->async_wait(
      [this, index, when, f = std::move(f), period, timer = std::move(timer)](
        const boost::system::error_code& code) mutable {
        live_[index].erase(timer.get());
        if (code || f.disposed())
          return;
        if (f.run() == caf::action::transition::success && period.count() > 0)
          start(index, when + period, std::move(f), period);
      });
  }

  event_loops& loops_;
  std::vector<std::unordered_set<asio::steady_timer*>> live_; // per loop
};

class loop_coordinator : public caf::scheduler::coordinator<loop_policy> {
public:
  explicit loop_coordinator(caf::actor_system& system)
    : caf::scheduler::coordinator<loop_policy>(system),
      clock_(static_cast<const system_config&>(system.config()).loops) {
  }

  loop_clock& clock() noexcept override {
    return clock_;
  }

  static void add_module_options(caf::actor_system_config&) {
  }

  static caf::actor_system::module* make(caf::actor_system& system,
                                         caf::detail::type_list<>) {
    return new loop_coordinator(system);
  }

protected:
  void stop() override {
    caf::scheduler::coordinator<loop_policy>::stop();
    clock_.clear();
  }

private:
  loop_clock clock_;
};

} // namespace

system_config::system_config(event_loops& event_loops) : loops(event_loops) {
  set("caf.scheduler.max-threads", loops.size());
  // Parley has its own log; CAF's stays silent.
  set("caf.logger.console.verbosity", "quiet");
  set("caf.logger.file.verbosity", "quiet");
  load<loop_coordinator>();
}

#else

system_config::system_config(event_loops& event_loops) : loops(event_loops) {
  set("caf.logger.console.verbosity", "quiet");
  set("caf.logger.file.verbosity", "quiet");
}

#endif

} // namespace parley::runtime
