// The floor: a relay that does the least a relay can do. One thread, epoll; a
// POST takes an upstream connection from the pool, and every upstream token
// leaves as one SSE frame, `data: {"chunk":…,"type":"content"}`. Nothing is
// stored, checked or promised. What another system costs beyond this is the
// price of what it does beyond this.
//
//   floor_relay --upstream-port=PORT [--port=0]
//
// prints `floor_relay: listening on http://127.0.0.1:PORT` when it is ready.
#include "support/event_loop.hpp"
#include "support/http_reader.hpp"
#include "support/json_scan.hpp"
#include "support/sse_reader.hpp"

#include <array>
#include <cstdio>
#include <sys/epoll.h>
#include <unordered_map>

namespace parley::bench {

namespace {

constexpr std::string_view answer_head =
  "HTTP/1.1 200 OK\r\n"
  "Content-Type: text/event-stream; charset=utf-8\r\n"
  "Cache-Control: no-cache, no-transform\r\n"
  "Transfer-Encoding: chunked\r\n\r\n";

class relay;
class upstream;

/// A connection from a client.
class downstream final : public watcher {
public:
  downstream(relay& owner, unique_fd fd)
    : owner_(owner), socket_(std::move(fd)) {
  }

  void on_ready(std::uint32_t events) override;

  int fd() const {
    return socket_.fd();
  }

  void send(std::string_view bytes) {
    // A broken connection also raises an event, which closes it.
    std::ignore = socket_.write(bytes);
  }

  bool blocked() const {
    return socket_.blocked();
  }

  /// The answer has been handed over whole.
  void answered() {
    upstream_ = nullptr;
  }

private:
  void forward_request();

  relay& owner_;
  stream_socket socket_;
  http_reader reader_{};
  std::string body_{};
  upstream* upstream_ = nullptr;
  bool dead_ = false;
};

/// A connection to the upstream, idle or bringing one answer.
class upstream final : public watcher {
public:
  upstream(relay& owner, unique_fd fd) : owner_(owner), socket_(std::move(fd)) {
  }

  void on_ready(std::uint32_t events) override;

  int fd() const {
    return socket_.fd();
  }

  void begin(downstream& reader, std::string_view request);

  /// Reads on, when the client could not take more for a while.
  void resume() {
    if (paused_)
      read(false);
  }

  /// The client is gone: closing the connection is what tells the upstream.
  void abandon() {
    reader_of_ = nullptr;
    close();
  }

private:
  void read(bool hangup);
  void forward(std::string_view in);
  void end();
  void close();

  relay& owner_;
  stream_socket socket_;
  bool dead_ = false;
  bool connected_ = false;
  bool paused_ = false;
  std::string pending_request_{};
  http_reader reader_{};
  sse_reader events_{};
  downstream* reader_of_ = nullptr;
};

class relay final : public watcher {
public:
  relay(std::uint16_t port, std::uint16_t upstream_port)
    : listener_(listen_loopback(port)), upstream_port_(upstream_port) {
    loop_.add_readable(listener_.get(), *this);
  }

  std::uint16_t port() const {
    return local_port(listener_);
  }

  [[noreturn]] void run() {
    for (;;)
      loop_.run_once(-1);
  }

  void on_ready(std::uint32_t) override {
    for (;;) {
      auto fd = accept_one(listener_);
      if (fd.get() < 0)
        return;
      adopt(std::make_unique<downstream>(*this, std::move(fd)));
    }
  }

  upstream& take_upstream() {
    if (idle_.empty())
      return adopt(
        std::make_unique<upstream>(*this, connect_loopback(upstream_port_)));
    auto* result = idle_.back();
    idle_.pop_back();
    return *result;
  }

  void give_back(upstream& idle) {
    idle_.push_back(&idle);
  }

  void close(watcher& dead) {
    std::erase_if(idle_, [&dead](const auto* each) { return each == &dead; });
    const auto found = connections_.find(&dead);
    loop_.bury(std::move(found->second));
    connections_.erase(found);
  }

  std::array<char, 64 * 1024> read_buffer{};
  /// What one read brought, on its way out.
  std::string frames{};

private:
  template <class Connection>
  Connection& adopt(std::unique_ptr<Connection> owned) {
    auto& result = *owned;
    loop_.add(result.fd(), result);
    connections_.emplace(&result, std::move(owned));
    return result;
  }

  event_loop loop_;
  unique_fd listener_;
  std::uint16_t upstream_port_;
  std::unordered_map<const watcher*, std::unique_ptr<watcher>> connections_;
  std::vector<upstream*> idle_;
};

// -- the client's side --------------------------------------------------------

void downstream::on_ready(std::uint32_t events) {
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
          forward_request();
          reader_.reset();
          body_.clear();
        }
      }
    });
  if (alive && (events & EPOLLOUT) != 0 && blocked()) {
    alive = socket_.flush();
    if (alive && !blocked() && upstream_ != nullptr)
      upstream_->resume();
  }
  if (alive && !reader_.failed())
    return;
  dead_ = true;
  if (upstream_ != nullptr)
    upstream_->abandon();
  owner_.close(*this);
}

void downstream::forward_request() {
  if (upstream_ != nullptr || !reader_.head().starts_with("post ")) {
    send("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
    return;
  }
  std::string body = R"({"model":")";
  body.append(json_member(body_, "model"));
  body.append(R"(","stream":true,"messages":[{"role":"user","content":")");
  body.append(json_member(body_, "message")).append(R"("}]})");
  std::string request = "POST /v1/chat/completions HTTP/1.1\r\n"
                        "Host: 127.0.0.1\r\n"
                        "Content-Type: application/json\r\n"
                        "Content-Length: ";
  request.append(std::to_string(body.size())).append("\r\n\r\n").append(body);
  upstream_ = &owner_.take_upstream();
  upstream_->begin(*this, request);
  send(answer_head);
}

// -- the upstream's side ------------------------------------------------------

void upstream::begin(downstream& reader, std::string_view request) {
  reader_of_ = &reader;
  reader_.reset();
  if (connected_)
    std::ignore = socket_.write(request);
  else
    pending_request_ = request;
}

void upstream::on_ready(std::uint32_t events) {
  if (dead_)
    return;
  const auto hangup = (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
  if ((events & EPOLLOUT) != 0 && !connected_ && !hangup) {
    connected_ = true;
    std::ignore = socket_.write(pending_request_);
    pending_request_ = {};
  } else if ((events & EPOLLOUT) != 0 && socket_.blocked()) {
    std::ignore = socket_.flush();
  }
  if ((events & EPOLLIN) != 0 || hangup)
    read(hangup);
}

void upstream::read(bool hangup) {
  for (;;) {
    // What the client does not take stays in the socket, so that the upstream
    // feels it.
    paused_ = reader_of_ != nullptr && reader_of_->blocked();
    if (paused_)
      return;
    const auto got = socket_.read_some(owner_.read_buffer);
    if (got.closed) {
      end();
      return;
    }
    if (got.bytes > 0)
      forward({owner_.read_buffer.data(), got.bytes});
    if (got.drained && !hangup)
      return;
  }
}

void upstream::forward(std::string_view in) {
  // One HTTP chunk for all frames that one read brought; its size is filled in
  // when it is known.
  constexpr std::string_view size_line = "00000000\r\n";
  auto& out = owner_.frames;
  out.assign(size_line);
  std::ignore = reader_.consume(in, [this, &out](auto piece) {
    events_.feed(piece, [&out](auto data) {
      const auto text = json_text(data, R"("content":")");
      if (text.empty())
        return;
      out.append(R"(data: {"chunk":")").append(text);
      out.append("\",\"type\":\"content\"}\n\n");
    });
  });
  if (reader_of_ == nullptr)
    return;
  const auto complete = reader_.complete();
  if (complete)
    out.append("data: {\"type\":\"done\"}\n\n");
  if (out.size() > size_line.size()) {
    std::array<char, 20> size;
    std::snprintf(size.data(), size.size(), "%08zx",
                  out.size() - size_line.size());
    out.replace(0, 8, size.data(), 8);
    out.append(complete ? "\r\n0\r\n\r\n" : "\r\n");
    reader_of_->send(out);
  }
  if (complete) {
    reader_of_->answered();
    reader_of_ = nullptr;
    owner_.give_back(*this);
  }
}

void upstream::end() {
  if (reader_of_ != nullptr) {
    constexpr std::string_view frame =
      "data: {\"error\":\"the upstream is gone\",\"type\":\"error\"}\n\n";
    std::array<char, 128> chunk;
    const auto size =
      std::snprintf(chunk.data(), chunk.size(), "%zx\r\n%s\r\n0\r\n\r\n",
                    frame.size(), frame.data());
    reader_of_->send({chunk.data(), static_cast<std::size_t>(size)});
    reader_of_->answered();
  }
  close();
}

void upstream::close() {
  dead_ = true;
  owner_.close(*this);
}

} // namespace

} // namespace parley::bench

int main(int argc, char** argv) {
  using namespace parley::bench;
  unsigned port = 0;
  unsigned upstream_port = 0;
  for (int i = 1; i < argc; ++i)
    if (std::sscanf(argv[i], "--port=%u", &port) != 1
        && std::sscanf(argv[i], "--upstream-port=%u", &upstream_port) != 1)
      upstream_port = 0;
  if (upstream_port == 0) {
    std::fprintf(stderr,
                 "usage: floor_relay --upstream-port=PORT [--port=0]\n");
    return 2;
  }
  raise_file_limit();
  relay floor{static_cast<std::uint16_t>(port),
              static_cast<std::uint16_t>(upstream_port)};
  std::printf("floor_relay: listening on http://127.0.0.1:%u\n", floor.port());
  std::fflush(stdout);
  floor.run();
}
