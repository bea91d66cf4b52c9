#include "app/signals.hpp"

#include <pthread.h>
#include <unistd.h>

namespace parley::app {

namespace {

// Ours, for `wake`: sent by nobody else.
constexpr int wake_signal = SIGUSR1;

} // namespace

signals::signals() {
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGHUP, SIG_IGN);
  sigemptyset(&set_);
  sigaddset(&set_, SIGTERM);
  sigaddset(&set_, SIGINT);
  sigaddset(&set_, wake_signal);
  pthread_sigmask(SIG_BLOCK, &set_, nullptr);
}

int signals::wait() const {
  int caught = 0;
  while (sigwait(&set_, &caught) != 0) {
  }
  return caught == wake_signal ? 0 : caught;
}

void signals::wake() const {
  kill(getpid(), wake_signal);
}

} // namespace parley::app
