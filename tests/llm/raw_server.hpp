// A server on loopback that sends exactly the bytes that a test gives it. It
// shares the test's loop. With certificates it speaks TLS.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>

namespace parley::llm::test {

// One accepted connection.
class peer {
public:
  virtual ~peer() = default;

  // Queues bytes.
  virtual void send(std::string bytes) = 0;
  // Ends the connection, after what is queued.
  virtual void close() = 0;
  // Ends it with RST, at once.
  virtual void reset() = 0;

  // TLS went on with an earlier session.
  [[nodiscard]] virtual bool resumed() = 0;

  // All that came, over all requests.
  std::string received;
  // Whole requests (head and Content-Length body) that came.
  std::vector<std::string> requests;
  // The client closed the connection, properly or not.
  bool client_gone = false;
  // Bytes that the kernel has taken.
  std::size_t sent = 0;
};

class raw_server {
public:
  using request_function =
    std::function<void(peer& from, const std::string& request)>;

  // `tls` is null for plain TCP, else it must outlive the server.
  explicit raw_server(boost::asio::io_context& loop,
                      boost::asio::ssl::context* tls = nullptr,
                      const std::string& address = "127.0.0.1");
  ~raw_server();

  [[nodiscard]] unsigned short port() const {
    return acceptor_.local_endpoint().port();
  }
  [[nodiscard]] std::string
  base_url(const std::string& host = "127.0.0.1") const;

  // Called for every whole request.
  request_function on_request;

  std::vector<std::shared_ptr<peer>> peers;

  [[nodiscard]] std::size_t request_count() const;
  [[nodiscard]] bool all_gone() const;

private:
  void accept();

  boost::asio::ip::tcp::acceptor acceptor_;
  boost::asio::ssl::context* tls_;
};

// -- responses ---------------------------------------------------------------

// A whole event stream with a chunked body, one chunk per event.
[[nodiscard]] std::string
chunked_stream(const std::vector<std::string>& events);
[[nodiscard]] std::string stream_head();
[[nodiscard]] std::string chunk(const std::string& bytes);
[[nodiscard]] std::string last_chunk();
// `data: …` of one content delta, as a frame.
[[nodiscard]] std::string content_event(const std::string& text);
[[nodiscard]] std::string finish_event(const std::string& reason = "stop");
[[nodiscard]] std::string done_event_frame();
// A response with a Content-Length.
[[nodiscard]] std::string response(int status, const std::string& body,
                                   const std::string& type = "application/json",
                                   const std::string& more_fields = "");

} // namespace parley::llm::test
