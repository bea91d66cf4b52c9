#include "support/event_loop.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <ctime>
#include <sys/epoll.h>

namespace parley::bench {

event_loop::event_loop() : epoll_(epoll_create1(EPOLL_CLOEXEC)) {
  if (epoll_.get() < 0)
    fail("epoll_create1");
}

namespace {

void control(const unique_fd& epoll, int fd, std::uint32_t events,
             watcher& target) {
  epoll_event event{};
  event.events = events;
  event.data.ptr = &target;
  if (epoll_ctl(epoll.get(), EPOLL_CTL_ADD, fd, &event) != 0)
    fail("epoll_ctl");
}

} // namespace

void event_loop::add(int fd, watcher& target) {
  control(epoll_, fd, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, target);
}

void event_loop::add_readable(int fd, watcher& target) {
  control(epoll_, fd, EPOLLIN, target);
}

void event_loop::run_once(std::int64_t timeout_us) {
  std::array<epoll_event, 256> events;
  const auto wait = std::max<std::int64_t>(timeout_us, 0);
  const timespec timeout{wait / 1'000'000, (wait % 1'000'000) * 1'000};
  const auto count = epoll_pwait2(epoll_.get(), events.data(), events.size(),
                                  timeout_us < 0 ? nullptr : &timeout, nullptr);
  if (count < 0 && errno != EINTR)
    fail("epoll_pwait2");
  for (int i = 0; i < count; ++i) {
    const auto& event = events[static_cast<std::size_t>(i)];
    static_cast<watcher*>(event.data.ptr)->on_ready(event.events);
  }
  graveyard_.clear();
}

void event_loop::bury(std::unique_ptr<watcher> dead) {
  graveyard_.push_back(std::move(dead));
}

} // namespace parley::bench
