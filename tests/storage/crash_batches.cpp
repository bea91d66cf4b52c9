#include "tests/storage/crash_batches.hpp"

namespace parley::storage {

namespace {

message text_of(std::uint64_t n, std::uint64_t part) {
  auto x = full_message(crash_conversation, message_number(4 * n + part));
  x.content.assign(100 + (n * 7919 + part * 104729) % 20'000,
                   static_cast<char>('a' + n % 26));
  return x;
}

} // namespace

std::vector<mutation> crash_batch(std::uint64_t n) {
  auto value =
    full_conversation(crash_conversation, {static_cast<std::int64_t>(n)});
  value.message_count = n;
  return {put_message{text_of(n, 0)}, put_conversation{value},
          put_message{text_of(n, 1)},
          put_stream{open_stream(crash_conversation, stream_number(n),
                                 message_number(4 * n + 1))},
          put_message{text_of(n, 2)}};
}

int parts_of_crash_batch(const store& it, std::uint64_t n) {
  int parts = it.get_stream(stream_number(n)) ? 1 : 0;
  for (std::uint64_t part = 0; part < 3; ++part) {
    auto expected = text_of(n, part);
    auto found = it.get_message(crash_conversation, expected.id);
    if (found && *found == expected)
      ++parts;
  }
  return parts;
}

} // namespace parley::storage
