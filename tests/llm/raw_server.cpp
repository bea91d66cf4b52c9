#include "tests/llm/raw_server.hpp"

#include <algorithm>
#include <charconv>
#include <cstdio>

#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>

namespace parley::llm::test {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

template <class Stream>
tcp::socket& socket_of(Stream& stream) {
  if constexpr (std::is_same_v<Stream, tcp::socket>)
    return stream;
  else
    return stream.next_layer();
}

template <class Stream>
class peer_of final : public peer,
                      public std::enable_shared_from_this<peer_of<Stream>> {
public:
  template <class... Args>
  explicit peer_of(raw_server& server, tcp::socket socket, Args&... args)
    : server_(server), stream_(std::move(socket), args...) {
  }

  void start() {
    if constexpr (std::is_same_v<Stream, tcp::socket>) {
      read();
    } else {
      stream_.async_handshake(asio::ssl::stream_base::server,
                              [self = this->shared_from_this()](error_code ec) {
                                if (ec)
                                  self->client_gone = true;
                                else
                                  self->read();
                              });
    }
  }

  void send(std::string bytes) override {
    if (bytes.empty())
      return;
    queue_.push_back(std::move(bytes));
    if (queue_.size() == 1)
      write();
  }

  void close() override {
    closing_ = true;
    if (queue_.empty())
      shut();
  }

  void reset() override {
    error_code ignored;
    socket_of(stream_).set_option(asio::socket_base::linger{true, 0}, ignored);
    socket_of(stream_).close(ignored);
  }

  bool resumed() override {
    if constexpr (std::is_same_v<Stream, tcp::socket>)
      return false;
    else
      return SSL_session_reused(stream_.native_handle()) == 1;
  }

private:
  void shut() {
    error_code ignored;
    socket_of(stream_).close(ignored);
  }

  void write() {
    stream_.async_write_some(
      asio::buffer(queue_.front()),
      [self = this->shared_from_this()](error_code ec, std::size_t count) {
        self->sent += count;
        if (ec) {
          self->queue_.clear();
          return;
        }
        auto& front = self->queue_.front();
        front.erase(0, count);
        if (front.empty())
          self->queue_.pop_front();
        if (!self->queue_.empty())
          self->write();
        else if (self->closing_)
          self->shut();
      });
  }

  void read() {
    stream_.async_read_some(
      asio::buffer(buffer_),
      [self = this->shared_from_this()](error_code ec, std::size_t count) {
        if (ec) {
          self->client_gone |= ec != asio::error::operation_aborted;
          return;
        }
        self->received.append(self->buffer_, count);
        self->pending_.append(self->buffer_, count);
        self->take_requests();
        if (socket_of(self->stream_).is_open())
          self->read();
      });
  }

  void take_requests() {
    for (;;) {
      const auto head = pending_.find("\r\n\r\n");
      if (head == std::string::npos)
        return;
      std::size_t length = 0;
      const std::string name = "Content-Length: ";
      if (const auto at = pending_.find(name); at < head)
        std::from_chars(pending_.data() + at + name.size(),
                        pending_.data() + head, length);
      if (pending_.size() < head + 4 + length)
        return;
      requests.push_back(pending_.substr(0, head + 4 + length));
      pending_.erase(0, head + 4 + length);
      if (server_.on_request)
        server_.on_request(*this, requests.back());
    }
  }

  raw_server& server_;
  Stream stream_;
  char buffer_[8192];
  std::string pending_;
  std::deque<std::string> queue_;
  bool closing_ = false;
};

} // namespace

raw_server::raw_server(asio::io_context& loop, asio::ssl::context* tls,
                       const std::string& address)
  : acceptor_(loop, tcp::endpoint{asio::ip::make_address(address), 0}),
    tls_(tls) {
  accept();
}

raw_server::~raw_server() {
  for (auto& one : peers)
    one->reset();
}

std::string raw_server::base_url(const std::string& host) const {
  return (tls_ ? "https://" : "http://") + host + ':' + std::to_string(port())
         + "/v1";
}

std::size_t raw_server::request_count() const {
  std::size_t count = 0;
  for (const auto& one : peers)
    count += one->requests.size();
  return count;
}

bool raw_server::all_gone() const {
  return std::all_of(peers.begin(), peers.end(),
                     [](const auto& one) { return one->client_gone; });
}

void raw_server::accept() {
  acceptor_.async_accept([this](error_code ec, tcp::socket socket) {
    if (ec)
      return;
    if (tls_) {
      using stream = asio::ssl::stream<tcp::socket>;
      auto made =
        std::make_shared<peer_of<stream>>(*this, std::move(socket), *tls_);
      peers.push_back(made);
      made->start();
    } else {
      auto made =
        std::make_shared<peer_of<tcp::socket>>(*this, std::move(socket));
      peers.push_back(made);
      made->start();
    }
    accept();
  });
}

// -- responses ---------------------------------------------------------------

std::string stream_head() {
  return "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\n"
         "Transfer-Encoding: chunked\r\n\r\n";
}

std::string chunk(const std::string& bytes) {
  char size[32];
  std::snprintf(size, sizeof size, "%zx\r\n", bytes.size());
  return size + bytes + "\r\n";
}

std::string last_chunk() {
  return "0\r\n\r\n";
}

std::string chunked_stream(const std::vector<std::string>& events) {
  auto result = stream_head();
  for (const auto& one : events)
    result += chunk(one);
  return result + last_chunk();
}

std::string content_event(const std::string& text) {
  return R"(data: {"choices":[{"index":0,"delta":{"content":")" + text
         + "\"}}]}\n\n";
}

std::string finish_event(const std::string& reason) {
  return R"(data: {"choices":[{"index":0,"delta":{},"finish_reason":")" + reason
         + "\"}]}\n\n";
}

std::string done_event_frame() {
  return "data: [DONE]\n\n";
}

std::string response(int status, const std::string& body,
                     const std::string& type, const std::string& more_fields) {
  return "HTTP/1.1 " + std::to_string(status)
         + " Some Reason\r\nContent-Type: " + type + "\r\n" + more_fields
         + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

} // namespace parley::llm::test
