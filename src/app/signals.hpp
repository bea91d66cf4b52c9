// The process' signals: SIGTERM and SIGINT ask it to end; SIGPIPE and SIGHUP
// are ignored.
#pragma once

#include <csignal>

namespace parley::app {

// Blocks the signals that `wait` takes in this thread and in those it starts
// later; make it before any thread.
class signals {
public:
  signals();

  // Waits for SIGTERM, SIGINT or `wake`. Returns the signal, or 0.
  [[nodiscard]] int wait() const;

  // Makes `wait` return 0. Any thread.
  void wake() const;

private:
  sigset_t set_;
};

} // namespace parley::app
