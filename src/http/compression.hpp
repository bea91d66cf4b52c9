// gzip (RFC 1952) for answers, and when a client wants it.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace parley::http {

// RFC 9110 §12.5.3: whether an `Accept-Encoding` prefers gzip to no encoding.
[[nodiscard]] bool accepts_gzip(std::string_view accept_encoding);

// Types whose bytes shrink; pictures and archives do not.
[[nodiscard]] bool is_compressible(std::string_view content_type);

// Below this a body grows or hardly shrinks (API §1: above 1 KB).
inline constexpr std::size_t min_compressed_bytes = 1024;
// Above this it would hold up the other connections of the event loop: about
// 20 ms.
inline constexpr std::size_t max_compressed_bytes = 2 * 1024 * 1024;

[[nodiscard]] std::string gzip(std::string_view bytes);

// A body that is compressed as it is written: what `encode` returns can be
// decoded at once and completely.
class gzip_stream {
public:
  gzip_stream();
  ~gzip_stream();

  gzip_stream(const gzip_stream&) = delete;
  gzip_stream& operator=(const gzip_stream&) = delete;

  [[nodiscard]] std::string encode(std::string_view bytes);
  // The end of the body; the last call.
  [[nodiscard]] std::string finish();

private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

} // namespace parley::http
