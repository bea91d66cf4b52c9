// Hands values from a server's loops to the thread of a test.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <stdexcept>
#include <utility>

namespace parley::http::testing {

template <class T>
class channel {
public:
  void push(T value) {
    {
      const std::lock_guard guard{mutex_};
      values_.push_back(std::move(value));
    }
    arrived_.notify_one();
  }

  // Waits for the next one; throws when the test hangs.
  T pop() {
    std::unique_lock guard{mutex_};
    if (!arrived_.wait_for(guard, std::chrono::seconds{20},
                           [this] { return !values_.empty(); }))
      throw std::runtime_error{"nothing came out of the server"};
    auto result = std::move(values_.front());
    values_.pop_front();
    return result;
  }

  [[nodiscard]] bool empty() {
    const std::lock_guard guard{mutex_};
    return values_.empty();
  }

private:
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<T> values_;
};

} // namespace parley::http::testing
