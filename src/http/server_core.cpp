#include "http/server_core.hpp"

#include <algorithm>
#include <array>
#include <chrono>

namespace parley::http {

namespace {

constexpr std::size_t scratch_bytes = 64 * 1024;
// How often a wait for the end looks whether the loops still run.
constexpr std::chrono::milliseconds stop_check_interval{50};

} // namespace

loop_record::loop_record(boost::asio::io_context& loop,
                         std::uint32_t loop_index)
  : context{loop},
    index{loop_index},
    scratch(scratch_bytes),
    random_{std::random_device{}()
            ^ (std::uint64_t{std::random_device{}()} << 32)} {
}

std::string_view loop_record::http_date() {
  const auto now = std::time(nullptr);
  if (now == date_second_)
    return date_;
  date_second_ = now;
  std::tm parts{};
  gmtime_r(&now, &parts);
  // strftime speaks the language of the C locale, which nobody sets.
  std::array<char, 40> text;
  const auto size = std::strftime(text.data(), text.size(),
                                  "%a, %d %b %Y %H:%M:%S GMT", &parts);
  date_.assign(text.data(), size);
  return date_;
}

std::string loop_record::new_request_id() {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string result = "req_";
  for (int word = 0; word < 2; ++word) {
    auto bits = random_();
    for (int i = 0; i < 12; ++i, bits >>= 4)
      result += digits[bits & 15];
  }
  return result;
}

server_core::server_core(caf::actor_system& actors,
                         runtime::event_loops& event_loops,
                         const config::settings& options,
                         const http::router& router,
                         const telemetry::log& logger,
                         telemetry::metrics& figures)
  : system{actors},
    settings{options},
    routes{router},
    log{logger},
    metrics{figures},
    cors{options.http.cors_origins} {
  for (std::size_t i = 0; i < event_loops.size(); ++i)
    loops.push_back(std::make_unique<loop_record>(
      event_loops.at(i), static_cast<std::uint32_t>(i)));
}

void server_core::connection_opened() {
  open_.fetch_add(1, std::memory_order_relaxed);
  metrics.connections->inc();
}

void server_core::connection_closed() {
  metrics.connections->dec();
  std::lock_guard guard{mutex_};
  if (open_.fetch_sub(1, std::memory_order_relaxed) == 1)
    closed_.notify_all();
}

void server_core::wait_until_closed(std::chrono::milliseconds patience) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  std::unique_lock guard{mutex_};
  const auto over = [this, deadline] {
    return open_connections() == 0
           || std::chrono::steady_clock::now() >= deadline
           || std::all_of(loops.begin(), loops.end(), [](const auto& loop) {
                return loop->context.stopped();
              });
  };
  while (!over())
    closed_.wait_until(guard,
                       std::min(deadline, std::chrono::steady_clock::now()
                                            + stop_check_interval));
}

} // namespace parley::http
