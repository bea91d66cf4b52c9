#include "http/compression.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <new>
#include <optional>

#include <zlib.h>

#include "http/text.hpp"

namespace parley::http {

namespace {

// Whole bodies: the fastest level, because the event loop waits meanwhile.
constexpr int body_level = Z_BEST_SPEED;
constexpr int body_window_bits = 15;
constexpr int body_memory_level = 8;
// Event streams live long and are many: a window of 4 KiB, in all about
// 24 KiB per stream instead of zlib's usual 268.
constexpr int stream_window_bits = 12;
constexpr int stream_memory_level = 4;
// Added to the window bits it asks zlib for gzip's header and trailer.
constexpr int gzip_format = 16;

void init(z_stream& zlib, int window_bits, int memory_level) {
  if (deflateInit2(&zlib, body_level, Z_DEFLATED, window_bits + gzip_format,
                   memory_level, Z_DEFAULT_STRATEGY)
      != Z_OK)
    throw std::bad_alloc{};
}

std::string deflate_all(z_stream& zlib, std::string_view bytes, int flush) {
  std::string result;
  zlib.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  zlib.avail_in = static_cast<uInt>(bytes.size());
  std::array<char, 16 * 1024> block;
  do {
    zlib.next_out = reinterpret_cast<Bytef*>(block.data());
    zlib.avail_out = static_cast<uInt>(block.size());
    deflate(&zlib, flush);
    result.append(block.data(), block.size() - zlib.avail_out);
  } while (zlib.avail_out == 0);
  assert(zlib.avail_in == 0);
  return result;
}

// `0.5` in thousandths; nothing when malformed (RFC 9110 §12.4.2).
std::optional<int> parse_weight(std::string_view text) {
  if (text.empty() || text.size() > 5 || (text[0] != '0' && text[0] != '1'))
    return std::nullopt;
  int result = (text[0] - '0') * 1000;
  if (text.size() > 1 && text[1] != '.')
    return std::nullopt;
  int place = 100;
  for (auto c : text.substr(std::min<std::size_t>(2, text.size()))) {
    if (c < '0' || c > '9')
      return std::nullopt;
    result += (c - '0') * place;
    place /= 10;
  }
  return result <= 1000 ? std::optional{result} : std::nullopt;
}

} // namespace

bool accepts_gzip(std::string_view accept_encoding) {
  std::optional<int> gzip_weight;
  std::optional<int> any_weight;
  std::optional<int> identity_weight;
  for_each_element(accept_encoding, ',', [&](std::string_view element) {
    const auto semicolon = std::min(element.find(';'), element.size());
    const auto coding = trim(element.substr(0, semicolon));
    int weight = 1000;
    for_each_element(element.substr(std::min(semicolon + 1, element.size())),
                     ';', [&weight](std::string_view parameter) {
                       if (parameter.size() >= 2
                           && to_lower(parameter[0]) == 'q'
                           && parameter[1] == '=')
                         weight = parse_weight(parameter.substr(2)).value_or(0);
                     });
    if (equal_ignoring_case(coding, "gzip")
        || equal_ignoring_case(coding, "x-gzip"))
      gzip_weight = weight;
    else if (coding == "*")
      any_weight = weight;
    else if (equal_ignoring_case(coding, "identity"))
      identity_weight = weight;
  });
  const auto weight = gzip_weight ? gzip_weight : any_weight;
  return weight && *weight > 0 && *weight >= identity_weight.value_or(0);
}

bool is_compressible(std::string_view content_type) {
  const auto type = trim(content_type.substr(0, content_type.find(';')));
  return type.starts_with("text/") || type == "application/json"
         || type.ends_with("+json") || type == "application/javascript"
         || type == "application/x-ndjson" || type == "image/svg+xml";
}

std::string gzip(std::string_view bytes) {
  z_stream zlib{};
  init(zlib, body_window_bits, body_memory_level);
  auto result = deflate_all(zlib, bytes, Z_FINISH);
  deflateEnd(&zlib);
  return result;
}

struct gzip_stream::impl {
  z_stream zlib{};
};

gzip_stream::gzip_stream() : impl_{std::make_unique<impl>()} {
  init(impl_->zlib, stream_window_bits, stream_memory_level);
}

gzip_stream::~gzip_stream() {
  deflateEnd(&impl_->zlib);
}

std::string gzip_stream::encode(std::string_view bytes) {
  return deflate_all(impl_->zlib, bytes, Z_SYNC_FLUSH);
}

std::string gzip_stream::finish() {
  return deflate_all(impl_->zlib, {}, Z_FINISH);
}

} // namespace parley::http
