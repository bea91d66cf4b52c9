#include "llm/upstream_failure.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "wire/openai_client.hpp"

namespace parley::llm {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// Exactly `text.size()` digits.
std::optional<int> digits(std::string_view text) {
  int value = 0;
  const auto* end = text.data() + text.size();
  const auto [rest, ec] = std::from_chars(text.data(), end, value);
  if (ec != std::errc{} || rest != end || text.front() == '-')
    return std::nullopt;
  return value;
}

errc code_of(int status) {
  if (status == 429)
    return errc::upstream_rate_limited;
  if (status >= 500)
    return errc::upstream_failed;
  if (status >= 300)
    return errc::upstream_rejected;
  return errc::upstream_protocol;
}

std::string sentence_for(int status, std::string_view body) {
  const auto number = std::to_string(status);
  if (status >= 300 && status < 400)
    return "The upstream answered with a redirect (" + number
           + "), which is not followed; set llm.base-url to where it leads.";
  auto text = "The upstream answered " + number;
  const auto said = wire::upstream_error_text(body);
  if (said.empty())
    return text + '.';
  return text + ": " + said;
}

} // namespace

std::optional<std::chrono::sys_seconds> parse_http_date(std::string_view text) {
  // Sun, 06 Nov 1994 08:49:37 GMT
  // 0         1         2
  // 01234567890123456789012345678
  constexpr auto months =
    std::to_array<std::string_view>({"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"});
  if (text.size() != 29 || text.substr(3, 2) != ", " || text[7] != ' '
      || text[11] != ' ' || text[16] != ' ' || text[19] != ':'
      || text[22] != ':' || text.substr(25) != " GMT")
    return std::nullopt;
  const auto* month =
    std::find(months.begin(), months.end(), text.substr(8, 3));
  const auto day = digits(text.substr(5, 2));
  const auto year = digits(text.substr(12, 4));
  const auto hour = digits(text.substr(17, 2));
  const auto minute = digits(text.substr(20, 2));
  const auto second = digits(text.substr(23, 2));
  if (month == months.end() || !day || !year || !hour || !minute || !second
      || *hour > 23 || *minute > 59 || *second > 60)
    return std::nullopt;
  const std::chrono::year_month_day date{
    std::chrono::year{*year},
    std::chrono::month{static_cast<unsigned>(month - months.begin()) + 1},
    std::chrono::day{static_cast<unsigned>(*day)}};
  if (!date.ok())
    return std::nullopt;
  return std::chrono::sys_days{date} + std::chrono::hours{*hour}
         + std::chrono::minutes{*minute} + seconds{*second};
}

std::optional<milliseconds>
parse_retry_after(std::string_view value, std::string_view date,
                  std::chrono::system_clock::time_point now) {
  if (value.empty())
    return std::nullopt;
  constexpr milliseconds most = max_retry_after;
  if (value.find_first_not_of("0123456789") == std::string_view::npos) {
    // So many digits are more than the most in any case.
    if (value.size() > 9)
      return most;
    return std::min<milliseconds>(seconds{digits(value).value_or(0)}, most);
  }
  const auto until = parse_http_date(value);
  if (!until)
    return std::nullopt;
  const auto from =
    parse_http_date(date).value_or(std::chrono::floor<seconds>(now));
  const auto wait = std::chrono::duration_cast<milliseconds>(*until - from);
  return std::clamp(wait, milliseconds{0}, most);
}

void mask_secret(std::string& text, std::string_view secret) {
  if (secret.empty())
    return;
  constexpr std::string_view mark = "***";
  for (auto at = text.find(secret); at != std::string::npos;
       at = text.find(secret, at + mark.size()))
    text.replace(at, secret.size(), mark);
}

failed failure_of(const response_head& head, std::string_view body,
                  std::chrono::system_clock::time_point now) {
  failed made;
  made.http_status = head.status;
  made.why.code = code_of(head.status);
  made.why.detail = sentence_for(head.status, body);
  made.why.retry_after = parse_retry_after(head.retry_after, head.date, now);
  return made;
}

} // namespace parley::llm
