// A request's line and headers, checked. Stricter than RFC 9112 asks where
// leniency lets two parsers disagree on where a request ends.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <boost/beast/http/parser.hpp>
#include <tl/expected.hpp>

#include "http/exchange.hpp"
#include "http/refusal.hpp"

namespace parley::http {

// The body as Beast's parser collects it. Memory grows with the bytes that
// came, not with a length that was announced.
struct collected_body {
  struct value_type {
    std::string bytes;
    bool discard = false; // counts and forgets them
  };

  class reader {
  public:
    template <bool IsRequest, class Fields>
    reader(boost::beast::http::header<IsRequest, Fields>&, value_type& body)
      : body_{body} {
    }

    void init(const boost::optional<std::uint64_t>&,
              boost::beast::error_code& ec) {
      ec = {};
    }

    template <class Buffers>
    std::size_t put(const Buffers& buffers, boost::beast::error_code& ec) {
      ec = {};
      std::size_t size = 0;
      for (auto i = boost::asio::buffer_sequence_begin(buffers);
           i != boost::asio::buffer_sequence_end(buffers); ++i) {
        const boost::asio::const_buffer buffer = *i;
        size += buffer.size();
        if (!body_.discard)
          body_.bytes.append(static_cast<const char*>(buffer.data()),
                             buffer.size());
      }
      return size;
    }

    void finish(boost::beast::error_code& ec) {
      ec = {};
    }

  private:
    value_type& body_;
  };
};

using body_parser = boost::beast::http::request_parser<collected_body>;

enum class expectation : std::uint8_t { none, continue_100, unknown };

struct request_head {
  http::request request;  // without its body; `id` only when the client's
  std::string raw_path;   // for the router
  bool asterisk = false;  // the target is `*`
  unsigned version = 11;  // 10 or 11
  bool keep_alive = true; // what the client wants
  bool chunked = false;
  std::uint64_t content_length = 0;
  expectation expects = expectation::none;

  [[nodiscard]] bool has_body() const noexcept {
    return chunked || content_length > 0;
  }
};

// `raw` is everything up to and including the blank line. The parser is left
// behind the head, ready for the body.
[[nodiscard]] tl::expected<request_head, refusal>
parse_request_head(std::string_view raw, body_parser& parser);

// What can be told of a head that is broken or not complete, so that the
// refusal can have the right shape and CORS headers.
struct head_sketch {
  std::string path;
  std::string origin;
  std::string request_id;
  bool is_head_method = false;
};

[[nodiscard]] head_sketch sketch_head(std::string_view raw);

// X-Request-Id is taken over when it is 1 … 128 bytes of visible ASCII.
[[nodiscard]] bool is_valid_request_id(std::string_view text) noexcept;

} // namespace parley::http
