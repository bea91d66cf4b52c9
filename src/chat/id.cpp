#include "chat/id.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <random>
#include <utility>

namespace parley {

namespace {

constexpr std::string_view alphabet = "0123456789abcdefghjkmnpqrstvwxyz";
constexpr std::size_t time_chars = 10;
constexpr std::size_t node_chars = 5;
constexpr std::size_t entropy_chars = 11;
constexpr std::size_t body_chars = time_chars + node_chars + entropy_chars;

constexpr std::int64_t max_ms = (std::int64_t{1} << 50) - 1;
constexpr std::uint64_t max_entropy = (std::uint64_t{1} << 55) - 1;

constexpr std::array<std::int8_t, 256> values = [] {
  std::array<std::int8_t, 256> table{};
  table.fill(-1);
  for (std::size_t i = 0; i < alphabet.size(); ++i)
    table[static_cast<unsigned char>(alphabet[i])] =
      static_cast<std::int8_t>(i);
  return table;
}();

std::uint64_t decode(std::string_view text) noexcept {
  std::uint64_t value = 0;
  for (const char c : text)
    value = value << 5
            | static_cast<std::uint64_t>(values[static_cast<unsigned char>(c)]);
  return value;
}

void encode(char* to, std::size_t chars, std::uint64_t value) {
  for (auto i = chars; i-- > 0; value >>= 5)
    to[i] = alphabet[value & 31];
}

// Of the system's generator: who holds one id must not be able to guess others.
// Many at a time, because asking it costs more than all the rest of an id.
std::uint64_t random_bits() {
  thread_local std::array<std::uint64_t, 64> stock;
  thread_local std::size_t left = 0;
  if (left == 0) {
    std::random_device device;
    for (auto& bits : stock)
      bits = std::uint64_t{device()} << 32 | device();
    left = stock.size();
  }
  // What was handed out does not stay in memory.
  return std::exchange(stock[--left], 0);
}

} // namespace

namespace detail {

bool is_id_body(std::string_view body) noexcept {
  return body.size() == body_chars
         && std::all_of(body.begin(), body.end(), [](char c) {
              return values[static_cast<unsigned char>(c)] >= 0;
            });
}

node_tag tag_of_id_body(std::string_view body) noexcept {
  return {
    static_cast<std::uint32_t>(decode(body.substr(time_chars, node_chars)))};
}

timestamp time_of_id_body(std::string_view body) noexcept {
  return {static_cast<std::int64_t>(decode(body.substr(0, time_chars)))};
}

} // namespace detail

id_generator::id_generator(node_tag node) : node_{node.value & node_tag::max} {
}

std::string id_generator::next_body(timestamp now) {
  const auto random = random_bits();
  const auto ms = std::clamp<std::int64_t>(now.ms, 0, max_ms);
  const std::lock_guard guard{mutex_};
  // Up by a random step, not by one, so that a neighbour cannot be guessed.
  const auto next = entropy_ + 1 + (random & 0xFFFF'FFFF);
  if (ms > last_ms_ || next > max_entropy) {
    last_ms_ = std::max(ms, last_ms_ + (next > max_entropy ? 1 : 0));
    // The upper half stays free to be counted into.
    entropy_ = random & (max_entropy >> 1);
  } else {
    entropy_ = next;
  }
  std::string body(body_chars, '0');
  encode(body.data(), time_chars, static_cast<std::uint64_t>(last_ms_));
  encode(body.data() + time_chars, node_chars, node_.value);
  encode(body.data() + time_chars + node_chars, entropy_chars, entropy_);
  return body;
}

} // namespace parley
