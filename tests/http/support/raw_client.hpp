// A client that sends exactly the bytes that a test wants.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace parley::http::testing {

struct raw_response {
  int status = 0;
  std::map<std::string, std::string> headers; // lower case; joined by ", "
  std::string body;                           // without chunk framing
  std::string head;                           // as it came

  [[nodiscard]] std::string header(const std::string& name) const;
  [[nodiscard]] bool has(const std::string& name) const;
};

class raw_client {
public:
  // `receive_buffer`: SO_RCVBUF, for a client with a small window.
  explicit raw_client(std::uint16_t port, int receive_buffer = 0);
  ~raw_client();

  raw_client(const raw_client&) = delete;
  raw_client& operator=(const raw_client&) = delete;

  // False when the server has closed already.
  bool send(std::string_view bytes);
  void half_close();
  // Closes with RST.
  void reset();
  void close();

  // One answer to `method`; throws when the bytes are not one.
  raw_response read(std::string_view method = "GET");
  // Only the head; the body stays to be read.
  raw_response read_head();
  // One chunk of a chunked body; nothing at its end.
  std::optional<std::string> read_chunk();
  // Until `text` has come; returns all up to its end.
  std::string read_until(std::string_view text);
  std::string read_to_end();
  // Whether anything can be read now, the end included.
  bool readable() const;
  // True when the server has closed, with nothing left to read.
  bool at_end();

private:
  // Nothing more to come: false.
  bool fill();
  std::string take(std::size_t count);

  int socket_ = -1;
  std::string buffer_;
};

// A whole GET request.
std::string get(std::string_view target, std::string_view headers = {});
// A whole POST request with Content-Type: application/json.
std::string post(std::string_view target, std::string_view body,
                 std::string_view headers = {});

} // namespace parley::http::testing
