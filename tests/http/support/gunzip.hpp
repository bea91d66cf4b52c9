// The other side of gzip, for tests.
#pragma once

#include <array>
#include <stdexcept>
#include <string>
#include <string_view>

#include <zlib.h>

namespace parley::http {

// What can be told of a gzip stream so far; `whole`: throws unless it ends.
inline std::string gunzip_any(std::string_view bytes, bool whole) {
  z_stream zlib{};
  inflateInit2(&zlib, 15 + 16);
  zlib.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  zlib.avail_in = static_cast<uInt>(bytes.size());
  std::string result;
  int status = Z_OK;
  while (status == Z_OK) {
    std::array<char, 4096> block;
    zlib.next_out = reinterpret_cast<Bytef*>(block.data());
    zlib.avail_out = static_cast<uInt>(block.size());
    status = inflate(&zlib, Z_SYNC_FLUSH);
    result.append(block.data(), block.size() - zlib.avail_out);
  }
  const auto rest = zlib.avail_in;
  inflateEnd(&zlib);
  if (status != Z_STREAM_END && (whole || status != Z_BUF_ERROR))
    throw std::runtime_error{"not gzip"};
  if (rest > 0)
    throw std::runtime_error{"bytes behind the end of gzip"};
  return result;
}

inline std::string gunzip(std::string_view bytes) {
  return gunzip_any(bytes, true);
}

inline std::string gunzip_prefix(std::string_view bytes) {
  return gunzip_any(bytes, false);
}

} // namespace parley::http
