// An OpenAI-compatible upstream for benchmarks: one thread, epoll, no JSON
// parser. What it answers is chosen by the model's name:
//
//   bench-<tokens>-<interval_us>-<first_delay_ms>
//
// so many tokens, one every so many microseconds (0: as fast as the socket
// takes them), the first after so many milliseconds; `bench-hang` never
// answers. Each token's text carries the time it was sent (support/token.hpp).
//
//   mock_upstream [--port=0]
//
// prints `mock_upstream: listening on http://127.0.0.1:PORT/v1` when it takes
// requests. `GET /stats` tells how many requests wait, how late it was, and
// when a client last hung up in mid-answer.
#include "mock_answer.hpp"
#include "support/event_loop.hpp"
#include "support/http_reader.hpp"
#include "support/json_scan.hpp"
#include "support/token.hpp"

#include <array>
#include <cmath>
#include <cstdio>
#include <queue>
#include <sys/epoll.h>
#include <unordered_map>

namespace parley::bench {

namespace {

// -- connections --------------------------------------------------------------

struct statistics {
  std::uint64_t answered = 0;
  std::uint64_t abandoned = 0;
  /// When the last connection was seen closed in mid-answer (now_us).
  std::int64_t abandoned_us = 0;
  std::uint64_t tokens = 0;
  /// Tokens sent more than 5 ms after their time: the upstream itself was too
  /// slow, and what is measured behind it is worth little.
  std::uint64_t late_tokens = 0;
  std::uint64_t waiting = 0;
};

class server;

class connection final : public watcher {
public:
  connection(server& owner, unique_fd fd, std::uint64_t id)
    : owner_(owner), socket_(std::move(fd)), id_(id) {
  }

  void on_ready(std::uint32_t events) override;

  /// The time that was asked for has come.
  void on_due(std::int64_t now);

  /// Sends as much of an unpaced answer as is fair in one turn. True: there is
  /// more to send and the socket takes it.
  bool burst();

  int fd() const {
    return socket_.fd();
  }

private:
  void answer_request();
  void start_completion();
  void append_token(std::string& out, std::int64_t now);
  void send(std::string_view bytes);

  server& owner_;
  stream_socket socket_;
  std::uint64_t id_;
  http_reader reader_{};
  std::string body_{};
  bool dead_ = false;

  // The answer that is being sent.
  enum class phase { idle, waiting, streaming };
  phase phase_ = phase::idle;
  answer_plan plan_{};
  bool with_usage_ = false;
  std::uint32_t next_index_ = 0;
  std::int64_t accepted_us_ = 0;
  std::int64_t due_us_ = 0;
};

class server final : public watcher {
public:
  explicit server(std::uint16_t port) : listener_(listen_loopback(port)) {
    loop_.add_readable(listener_.get(), *this);
  }

  std::uint16_t port() const {
    return local_port(listener_);
  }

  [[noreturn]] void run();

  void on_ready(std::uint32_t) override {
    for (;;) {
      auto fd = accept_one(listener_);
      if (fd.get() < 0)
        return;
      const auto id = next_id_++;
      auto owned = std::make_unique<connection>(*this, std::move(fd), id);
      loop_.add(owned->fd(), *owned);
      connections_.emplace(id, std::move(owned));
    }
  }

  void wake_at(std::int64_t due_us, std::uint64_t id) {
    timers_.push({due_us, id});
  }

  void burst_later(std::uint64_t id) {
    bursting_.push_back(id);
  }

  void close(std::uint64_t id) {
    auto found = connections_.find(id);
    loop_.bury(std::move(found->second));
    connections_.erase(found);
  }

  statistics counts{};
  std::array<char, 64 * 1024> read_buffer{};
  /// What is about to be sent.
  std::string scratch{};

private:
  connection* find(std::uint64_t id) {
    const auto found = connections_.find(id);
    return found == connections_.end() ? nullptr : found->second.get();
  }

  struct timer {
    std::int64_t due_us;
    std::uint64_t id;

    bool operator>(const timer& other) const {
      return due_us > other.due_us;
    }
  };

  event_loop loop_;
  unique_fd listener_;
  std::uint64_t next_id_ = 1;
  std::unordered_map<std::uint64_t, std::unique_ptr<connection>> connections_;
  std::priority_queue<timer, std::vector<timer>, std::greater<>> timers_;
  std::vector<std::uint64_t> bursting_;
};

void server::run() {
  for (;;) {
    std::int64_t timeout = -1;
    if (!bursting_.empty())
      timeout = 0;
    else if (!timers_.empty())
      timeout = std::max<std::int64_t>(0, timers_.top().due_us - now_us());
    loop_.run_once(timeout);
    // Only what is due by now: a load that is too high must not keep the loop
    // from looking at its sockets.
    const auto now = now_us();
    while (!timers_.empty() && timers_.top().due_us <= now) {
      const auto id = timers_.top().id;
      timers_.pop();
      if (auto* due = find(id))
        due->on_due(now_us());
    }
    std::vector<std::uint64_t> turn;
    turn.swap(bursting_);
    for (const auto id : turn)
      if (auto* ready = find(id); ready != nullptr && ready->burst())
        bursting_.push_back(id);
  }
}

void connection::on_ready(std::uint32_t events) {
  if (dead_)
    return;
  const auto hangup = (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
  auto alive = true;
  if ((events & EPOLLIN) != 0 || hangup)
    alive = socket_.drain(owner_.read_buffer, hangup, [this](auto in) {
      while (!in.empty() && !reader_.failed()) {
        in.remove_prefix(
          reader_.consume(in, [this](auto piece) { body_.append(piece); }));
        if (reader_.complete()) {
          answer_request();
          reader_.reset();
          body_.clear();
        }
      }
    });
  if (alive && !dead_ && (events & EPOLLOUT) != 0 && socket_.blocked()) {
    alive = socket_.flush();
    if (!socket_.blocked() && phase_ == phase::streaming
        && plan_.interval_us == 0)
      owner_.burst_later(id_);
  }
  if (alive && !reader_.failed() && !dead_)
    return;
  dead_ = true;
  if (phase_ != phase::idle) {
    ++owner_.counts.abandoned;
    owner_.counts.abandoned_us = now_us();
  }
  if (phase_ == phase::waiting)
    --owner_.counts.waiting;
  owner_.close(id_);
}

void connection::answer_request() {
  const auto& head = reader_.head();
  if (head.starts_with("post /v1/chat/completions ")) {
    start_completion();
  } else if (head.starts_with("get /v1/models ")) {
    send(json_answer("200 OK",
                     R"({"object":"list","data":[{"id":"bench-100-0-0",)"
                     R"("object":"model","created":1700000000,)"
                     R"("owned_by":"bench"}]})"));
  } else if (head.starts_with("get /stats ")) {
    const auto& counts = owner_.counts;
    std::array<char, 250> body;
    const auto size = std::snprintf(
      body.data(), body.size(),
      R"({"waiting":%lu,"answered":%lu,"abandoned":%lu,"abandoned_us":%ld,)"
      R"("tokens":%lu,"late_tokens":%lu})",
      counts.waiting, counts.answered, counts.abandoned, counts.abandoned_us,
      counts.tokens, counts.late_tokens);
    send(json_answer("200 OK", {body.data(), static_cast<std::size_t>(size)}));
  } else {
    send(
      json_answer("404 Not Found", R"({"error":{"message":"no such route"}})"));
  }
}

void connection::start_completion() {
  const auto wanted = parse_model(json_member(body_, "model"));
  if (!wanted || !json_is_true(body_, "stream")) {
    send(json_answer("400 Bad Request",
                     R"({"error":{"message":"only streams, and only models )"
                     R"(like bench-100-20000-0"}})"));
    return;
  }
  accepted_us_ = now_us();
  plan_ = *wanted;
  with_usage_ = json_is_true(body_, "include_usage");
  next_index_ = 0;
  phase_ = phase::waiting;
  ++owner_.counts.waiting;
  due_us_ = accepted_us_ + plan_.first_delay_us;
  if (plan_.hang)
    return;
  if (plan_.first_delay_us == 0)
    on_due(accepted_us_);
  else
    owner_.wake_at(due_us_, id_);
}

void connection::on_due(std::int64_t now) {
  if (dead_ || phase_ == phase::idle)
    return;
  auto& out = owner_.scratch;
  out.clear();
  if (phase_ == phase::waiting) {
    phase_ = phase::streaming;
    --owner_.counts.waiting;
  } else if (now - due_us_ > 5'000) {
    ++owner_.counts.late_tokens;
  }
  append_token(out, now);
  send(out);
  if (phase_ != phase::streaming)
    return;
  if (plan_.interval_us == 0) {
    owner_.burst_later(id_);
    return;
  }
  if (next_index_ == 1) {
    // Streams that begin together must not beat together: each takes a phase
    // of its own, by the golden ratio.
    const auto turn = std::fmod(static_cast<double>(id_) * 0.618033988749, 1.0);
    due_us_ +=
      static_cast<std::int64_t>(turn * static_cast<double>(plan_.interval_us));
  } else {
    due_us_ += plan_.interval_us;
  }
  owner_.wake_at(due_us_, id_);
}

bool connection::burst() {
  constexpr std::uint32_t tokens_per_turn = 64;
  if (dead_ || phase_ != phase::streaming || socket_.blocked())
    return false;
  auto& out = owner_.scratch;
  out.clear();
  const auto now = now_us();
  for (std::uint32_t i = 0; i < tokens_per_turn && phase_ == phase::streaming;
       ++i)
    append_token(out, now);
  send(out);
  return phase_ == phase::streaming && !socket_.blocked();
}

void connection::append_token(std::string& out, std::int64_t now) {
  if (next_index_ == 0)
    append_first_event(out, accepted_us_, now);
  else
    append_event(out, next_index_, now);
  ++owner_.counts.tokens;
  if (++next_index_ == plan_.tokens) {
    append_tail(out, plan_.tokens, with_usage_);
    phase_ = phase::idle;
    ++owner_.counts.answered;
  }
}

void connection::send(std::string_view bytes) {
  // A broken connection also raises an event, which closes it.
  std::ignore = socket_.write(bytes);
}

} // namespace

} // namespace parley::bench

int main(int argc, char** argv) {
  using namespace parley::bench;
  unsigned port = 0;
  if (argc > 2
      || (argc == 2 && std::sscanf(argv[1], "--port=%u", &port) != 1)) {
    std::fprintf(stderr, "usage: mock_upstream [--port=0]\n");
    return 2;
  }
  raise_file_limit();
  server upstream{static_cast<std::uint16_t>(port)};
  std::printf("mock_upstream: listening on http://127.0.0.1:%u/v1\n",
              upstream.port());
  std::fflush(stdout);
  upstream.run();
}
