#include "runtime/scheduler.hpp"

#include <algorithm>
#include <memory>
#include <optional>
#include <unordered_set>
#include <utility>
#include <vector>

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <caf/io/middleman.hpp>
#include <caf/openssl/manager.hpp>

#include "runtime/executor_service.hpp"

#if CAF_MAJOR_VERSION < 1
#  include <atomic>
#  include <deque>

#  include <caf/policy/unprofiled.hpp>
#  include <caf/scheduled_actor.hpp>
#  include <caf/scheduler/coordinator.hpp>
#  include <caf/scheduler/worker.hpp>
#endif

namespace parley::runtime {

boost::asio::io_context::id executor_service::id;

#if CAF_MAJOR_VERSION < 1

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
// two hand-overs a timer.
//
// Whoever disposes of a timer tells its action, not the clock, and most timers
// are disposed of: they stand for what should not happen. So the clock looks
// for such as soon as they could be a quarter of all, which costs a timer a
// few looks, and memory follows the timers that still mean something.
class loop_clock : public caf::detail::thread_safe_actor_clock {
public:
  explicit loop_clock(event_loops& loops) : loops_(loops), live_(loops.size()) {
  }

  caf::disposable schedule_periodically(time_point first_run, caf::action f,
                                        duration_type period) override {
    auto result = f.as_disposable();
    auto made = std::make_unique<timer>(std::move(f), period);
    if (auto index = index_of_this_thread; index != no_loop)
      start(index, first_run, std::move(made));
    else
      asio::post(loops_.at(0),
                 [this, first_run, made = std::move(made)]() mutable {
                   start(0, first_run, std::move(made));
                 });
    return result;
  }

  // Forgets all timers: they may hold actors, which must not outlive the
  // system. Once no thread runs the loops any more.
  void clear() {
    for (std::size_t i = 0; i < live_.size(); ++i) {
      for (auto* each : live_[i].timers)
        each->wait->cancel();
      loops_.at(i).poll();
    }
  }

private:
  struct timer {
    timer(caf::action action, duration_type every)
      : f(std::move(action)), period(every) {
    }
    std::optional<asio::steady_timer> wait; // while it is started
    caf::action f;
    duration_type period;
  };

  // Touched by the loop's thread only.
  struct timers_of_loop {
    std::unordered_set<timer*> timers;
    std::size_t sweep_at = least_sweep;
  };

  static constexpr std::size_t least_sweep = 64;

  // On the loop's thread.
  void start(std::size_t index, time_point when, std::unique_ptr<timer> what) {
    auto& live = live_[index];
    if (live.timers.size() >= live.sweep_at)
      sweep(live);
    auto* raw = what.get();
    raw->wait.emplace(loops_.at(index), when);
    live.timers.insert(raw);
    raw->wait->async_wait([this, index, when, what = std::move(what)](
                            const boost::system::error_code& code) mutable {
      live_[index].timers.erase(what.get());
      what->wait.reset();
      if (code || what->f.disposed())
        return;
      if (what->f.run() == caf::action::transition::success
          && what->period.count() > 0)
        start(index, when + what->period, std::move(what));
    });
  }

  // Their handlers, which free them, run with the loop's next ones.
  static void sweep(timers_of_loop& live) {
    std::erase_if(live.timers, [](timer* each) {
      const auto idle = each->f.disposed();
      if (idle)
        each->wait->cancel();
      return idle;
    });
    live.sweep_at =
      live.timers.size() + std::max(least_sweep, live.timers.size() / 4);
  }

  event_loops& loops_;
  std::vector<timers_of_loop> live_; // per loop
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
    for (std::size_t round = 0; round < max_last_rounds && release_late();)
      ++round;
  }

private:
  // An end that is told to an actor which waits for an answer may lead to
  // another end; chains are short.
  static constexpr std::size_t max_last_rounds = 1000;

  // An actor that ends tells those who wait for its answers, and so gives jobs
  // to workers that were cleared before, or to loops whose timers held its last
  // reference. Nobody runs them: they are let go of, or whatever these actors
  // hold would stay. False: there were none.
  bool release_late() {
    auto& loops = static_cast<const system_config&>(system().config()).loops;
    bool found = false;
    for (std::size_t i = 0; i < loops.size(); ++i) {
      found = loops.at(i).poll() > 0 || found;
      for (auto* job : std::exchange(worker_by_id(i)->data().queue, {})) {
        found = true;
        cleanup_and_release(job);
      }
    }
    return found;
  }

  loop_clock clock_;
};

} // namespace

#endif

namespace {

// Nodes of other CAF applications are refused at the handshake.
constexpr const char* application = "parley";

void add_network(caf::actor_system_config& to, const network_settings& how) {
  // Loading a module makes its options known, so they are set behind it.
  to.load<caf::io::middleman>();
  if (how.has_tls()) {
    to.load<caf::openssl::manager>();
    to.set("caf.openssl.certificate", how.tls_cert_file);
    to.set("caf.openssl.key", how.tls_key_file);
    to.set("caf.openssl.cafile", how.tls_ca_file);
  }
  using std::chrono::duration_cast;
  auto beat = duration_cast<caf::timespan>(how.failure_timeout) / 5;
  to.set("caf.middleman.heartbeat-interval", beat);
  // CAF looks at every heartbeat whether the time is over.
  to.set("caf.middleman.connection-timeout", 3 * beat);
  to.set("caf.middleman.app-identifiers",
         std::vector<std::string>{application});
}

} // namespace

system_config::system_config(event_loops& event_loops,
                             const network_settings* network)
  : loops(event_loops) {
  // Parley has its own log; CAF's stays silent.
  set("caf.logger.console.verbosity", "quiet");
  set("caf.logger.file.verbosity", "quiet");
  set("caf.scheduler.max-threads", loops.size());
#if CAF_MAJOR_VERSION < 1
  load<loop_coordinator>();
#endif
  if (network != nullptr)
    add_network(*this, *network);
}

} // namespace parley::runtime
