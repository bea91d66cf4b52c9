// The load: opens streams against one server, reads their tokens and prints
// what it measured as one line of JSON. README.md defines every figure.
#include "load_options.hpp"
#include "load_report.hpp"
#include "support/event_loop.hpp"
#include "support/http_reader.hpp"
#include "support/json_scan.hpp"
#include "support/sse_reader.hpp"
#include "support/token.hpp"

#include <array>
#include <cstdio>
#include <optional>
#include <sys/epoll.h>
#include <unistd.h>

namespace parley::bench {

namespace {

class load;

/// One connection and the requests it makes, one after the other.
class client final : public watcher {
public:
  explicit client(load& owner) : owner_(owner) {
  }

  void connect();

  void on_ready(std::uint32_t events) override;

  /// What is not finished when time is up.
  void give_up();

private:
  void request();
  void on_bytes(std::string_view in, std::int64_t now);
  void on_payload(std::string_view payload, std::int64_t now);
  void on_token(const token& value, std::int64_t now);
  void on_answer();
  void stop();

  load& owner_;
  std::optional<stream_socket> socket_{};
  bool connected_ = false;
  bool done_ = false;
  std::uint32_t requests_made_ = 0;

  // The answer that is being read.
  std::int64_t asked_us_ = 0;
  std::uint32_t tokens_ = 0;
  bool in_order_ = true;
  bool said_error_ = false;
  bool head_seen_ = false;
  http_reader reader_{};
  sse_reader events_{};
  token_reader text_{};
};

class load {
public:
  explicit load(load_options options)
    : options_(std::move(options)), report_(options_), clients_() {
    clients_.reserve(options_.streams);
    for (std::uint32_t i = 0; i < options_.streams; ++i)
      clients_.emplace_back(*this);
  }

  void run();

  const load_options& options() const {
    return options_;
  }

  load_report& report() {
    return report_;
  }

  event_loop& loop() {
    return loop_;
  }

  void one_done() {
    ++done_;
  }

  std::array<char, 64 * 1024> read_buffer{};

  void one_asked() {
    ++asked_;
  }

private:
  bool to_be_held() const {
    const auto reached =
      options_.hold == held_at::heads ? report_.heads() : asked_;
    return options_.hold != held_at::nothing && reached == options_.streams;
  }

  void hold();

  load_options options_;
  load_report report_;
  event_loop loop_;
  std::vector<client> clients_;
  std::uint32_t asked_ = 0;
  std::uint32_t done_ = 0;
};

// -- one connection -----------------------------------------------------------

void client::connect() {
  socket_.emplace(connect_loopback(owner_.options().port));
  owner_.loop().add(socket_->fd(), *this);
}

void client::on_ready(std::uint32_t events) {
  if (done_)
    return;
  const auto hangup = (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
  if ((events & EPOLLOUT) != 0 && !hangup) {
    if (!connected_) {
      connected_ = true;
      request();
    } else if (socket_->blocked()) {
      std::ignore = socket_->flush();
    }
  }
  if ((events & EPOLLIN) == 0 && !hangup)
    return;
  const auto alive = socket_->drain(
    owner_.read_buffer, hangup, [this](auto in) { on_bytes(in, now_us()); });
  if (done_ || alive)
    return;
  owner_.report().count(connected_ ? outcome::cut : outcome::refused);
  stop();
}

void client::request() {
  ++requests_made_;
  tokens_ = 0;
  in_order_ = true;
  said_error_ = false;
  head_seen_ = false;
  reader_.reset();
  events_ = {};
  text_ = {};
  asked_us_ = now_us();
  owner_.one_asked();
  std::ignore = socket_->write(owner_.options().request);
}

void client::on_bytes(std::string_view in, std::int64_t now) {
  while (!in.empty() && !done_) {
    in.remove_prefix(reader_.consume(in, [this, now](auto piece) {
      events_.feed(piece,
                   [this, now](auto payload) { on_payload(payload, now); });
    }));
    if (!head_seen_ && reader_.head_complete()) {
      head_seen_ = true;
      owner_.report().on_head(reader_.status());
    }
    if (reader_.failed()) {
      owner_.report().count(outcome::malformed);
      stop();
    } else if (reader_.complete()) {
      on_answer();
    }
  }
}

void client::on_payload(std::string_view payload, std::int64_t now) {
  auto& report = owner_.report();
  const auto text = json_text(payload, owner_.options().text_opening);
  if (!text.empty()) {
    report.on_frame();
    text_.feed(text, [this, now](const token& value) { on_token(value, now); });
  } else if (payload.find("\"error\":") != std::string_view::npos) {
    said_error_ = true;
    report.keep_example(payload);
  }
}

void client::on_token(const token& value, std::int64_t now) {
  auto& report = owner_.report();
  in_order_ = in_order_ && value.index == tokens_;
  if (tokens_++ == 0)
    report.on_first_token(text_.accepted_us() - asked_us_, now - value.sent_us,
                          now);
  report.on_token(now - value.sent_us);
}

void client::on_answer() {
  auto& report = owner_.report();
  const auto exact = tokens_ == owner_.options().tokens && in_order_
                     && text_.garbage_bytes() == 0 && !events_.partial();
  if (reader_.status() != 200)
    report.count(outcome::bad_status);
  else if (said_error_)
    report.count(outcome::error_frame);
  else
    report.count(exact ? outcome::exact : outcome::wrong_tokens);
  report.on_answer_end();
  if (requests_made_ < owner_.options().requests)
    request();
  else
    stop();
}

void client::give_up() {
  if (done_)
    return;
  owner_.report().count(outcome::timed_out);
  stop();
}

void client::stop() {
  done_ = true;
  owner_.one_done();
}

// -- all of them --------------------------------------------------------------

void load::run() {
  const auto start = now_us();
  const auto deadline = start + options_.deadline_us;
  std::uint32_t opened = 0;
  report_.begin(start);
  while (done_ < options_.streams) {
    const auto now = now_us();
    report_.on_time(now);
    if (now >= deadline || report_.hopeless(now))
      break;
    for (; opened < options_.streams
           && now >= start + options_.ramp_us * opened / options_.streams;
         ++opened)
      clients_[opened].connect();
    if (to_be_held()) {
      hold();
      return;
    }
    loop_.run_once(opened < options_.streams ? 500 : 20'000);
  }
  report_.end(now_us());
  for (auto& each : clients_)
    each.give_up();
  report_.print();
}

void load::hold() {
  // Every stream waits. The caller looks at the server's memory meanwhile and
  // closes our standard input when it has seen enough.
  report_.end(now_us());
  report_.print();
  char byte = 0;
  while (read(STDIN_FILENO, &byte, 1) > 0)
    continue;
}

} // namespace

} // namespace parley::bench

int main(int argc, char** argv) {
  using namespace parley::bench;
  const auto options = parse_load_options(argc, argv);
  if (!options)
    return 2;
  raise_file_limit();
  load{*options}.run();
}
