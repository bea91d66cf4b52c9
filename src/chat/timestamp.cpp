#include "chat/timestamp.hpp"

#include <algorithm>
#include <array>
#include <cstddef>

namespace parley {

namespace {

// 0000-01-01T00:00:00.000Z and 9999-12-31T23:59:59.999Z, all that RFC 3339's
// four digits can say.
constexpr std::int64_t min_ms = -62'167'219'200'000;
constexpr std::int64_t max_ms = 253'402'300'799'999;

constexpr std::string_view shape = "dddd-dd-ddTdd:dd:dd.dddZ";

void put(char* to, std::size_t digits, std::int64_t value) {
  for (auto i = digits; i-- > 0; value /= 10)
    to[i] = static_cast<char>('0' + value % 10);
}

int get(std::string_view text, std::size_t at, std::size_t digits) {
  int value = 0;
  for (const char c : text.substr(at, digits))
    value = value * 10 + (c - '0');
  return value;
}

bool has_shape(std::string_view text) {
  if (text.size() != shape.size())
    return false;
  for (std::size_t i = 0; i < shape.size(); ++i) {
    const bool fits =
      shape[i] == 'd' ? text[i] >= '0' && text[i] <= '9' : text[i] == shape[i];
    if (!fits)
      return false;
  }
  return true;
}

} // namespace

timestamp timestamp::now() noexcept {
  using namespace std::chrono;
  const auto since = system_clock::now().time_since_epoch();
  return {duration_cast<milliseconds>(since).count()};
}

std::string to_string(timestamp when) {
  using namespace std::chrono;
  const sys_time<milliseconds> time{
    milliseconds{std::clamp(when.ms, min_ms, max_ms)}};
  const auto day = floor<days>(time);
  const year_month_day date{day};
  const auto in_day = (time - day).count();
  std::string text{"0000-00-00T00:00:00.000Z"};
  put(&text[0], 4, static_cast<int>(date.year()));
  put(&text[5], 2, static_cast<unsigned>(date.month()));
  put(&text[8], 2, static_cast<unsigned>(date.day()));
  put(&text[11], 2, in_day / 3'600'000);
  put(&text[14], 2, in_day / 60'000 % 60);
  put(&text[17], 2, in_day / 1'000 % 60);
  put(&text[20], 3, in_day % 1'000);
  return text;
}

std::optional<timestamp> timestamp_from(std::string_view text) {
  using namespace std::chrono;
  if (!has_shape(text))
    return std::nullopt;
  const year_month_day date{year{get(text, 0, 4)},
                            month{static_cast<unsigned>(get(text, 5, 2))},
                            day{static_cast<unsigned>(get(text, 8, 2))}};
  const int hour = get(text, 11, 2);
  const int minute = get(text, 14, 2);
  const int second = get(text, 17, 2);
  if (!date.ok() || hour > 23 || minute > 59 || second > 59)
    return std::nullopt;
  const milliseconds time = hours{hour} + minutes{minute} + seconds{second}
                            + milliseconds{get(text, 20, 3)};
  const milliseconds days_before = sys_days{date}.time_since_epoch();
  return timestamp{(days_before + time).count()};
}

} // namespace parley
