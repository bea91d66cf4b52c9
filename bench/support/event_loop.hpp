// One thread's epoll loop. Sockets are registered once, edge-triggered, so
// that a token costs no epoll_ctl call.
#pragma once

#include "support/net.hpp"

#include <cstdint>
#include <memory>
#include <vector>

namespace parley::bench {

/// Something that a socket's events are reported to.
class watcher {
public:
  virtual ~watcher() = default;

  /// `events` as epoll_wait tells them.
  virtual void on_ready(std::uint32_t events) = 0;
};

class event_loop {
public:
  event_loop();

  /// Reports readable, writable and closed edges of `fd` to `target`, until
  /// the descriptor is closed.
  void add(int fd, watcher& target);

  /// Level-triggered and only readable: for listeners and standard input.
  void add_readable(int fd, watcher& target);

  /// Waits for events for at most `timeout_us` (negative: for ever) and
  /// reports them.
  void run_once(std::int64_t timeout_us);

  /// Destroys `dead` when the events at hand have all been reported, since one
  /// of them may still point to it.
  void bury(std::unique_ptr<watcher> dead);

private:
  unique_fd epoll_;
  std::vector<std::unique_ptr<watcher>> graveyard_;
};

} // namespace parley::bench
