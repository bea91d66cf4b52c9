#include "config/values.hpp"

#include <gtest/gtest.h>

namespace parley::config {
namespace {

using std::string;

// The clause that a parser refuses with, or "accepted".
template <class T>
string refusal_of(const parsed<T>& value) {
  return value ? "accepted" : value.error();
}

bool refused_as(const string& clause, const string& part) {
  return clause.find(part) != string::npos;
}

// -- durations ---------------------------------------------------------------

TEST(a_duration, is_a_whole_number_with_a_unit) {
  EXPECT_EQ(parse_duration("1500ms"), milliseconds{1'500});
  EXPECT_EQ(parse_duration("30s"), milliseconds{30'000});
  EXPECT_EQ(parse_duration("15m"), milliseconds{900'000});
  EXPECT_EQ(parse_duration("24h"), milliseconds{86'400'000});
  EXPECT_EQ(parse_duration("0ms"), milliseconds{0});
  EXPECT_EQ(parse_duration("007s"), milliseconds{7'000});
}

TEST(a_duration, without_a_unit_is_told_that_it_needs_one) {
  for (auto text : {"0", "5", "1500"})
    EXPECT_TRUE(refused_as(refusal_of(parse_duration(text)), "has no unit"))
      << text;
}

TEST(a_duration, is_refused_in_any_other_form) {
  for (auto text : {"", "ms", "-5s", "+5s", "1.5s", " 5s", "5 s", "5s ", "5S",
                    "5sec", "1h30m", "1d", "0x5s", "1e3ms", "5µs"})
    EXPECT_TRUE(
      refused_as(refusal_of(parse_duration(text)), "1500ms, 30s, 15m or 24h"))
      << text;
}

TEST(a_duration, that_does_not_fit_is_too_long_instead_of_wrapping) {
  EXPECT_TRUE(parse_duration("9223372036854775807ms"));
  EXPECT_TRUE(parse_duration("2562047788015h"));
  for (auto text : {"9223372036854775808ms", "2562047788016h",
                    "18446744073709551616ms", "99999999999999999999999h"})
    EXPECT_EQ(refusal_of(parse_duration(text)), "is too long") << text;
}

TEST(a_duration, is_printed_in_the_largest_unit_that_divides_it) {
  EXPECT_EQ(print(milliseconds{0}), "0s");
  EXPECT_EQ(print(milliseconds{20}), "20ms");
  EXPECT_EQ(print(milliseconds{1'500}), "1500ms");
  EXPECT_EQ(print(milliseconds{75'000}), "75s");
  EXPECT_EQ(print(milliseconds{900'000}), "15m");
  EXPECT_EQ(print(milliseconds{86'400'000}), "24h");
}

TEST(a_duration, is_read_as_it_was_printed) {
  for (auto value : {0, 1, 999, 1'000, 59'000, 60'000, 61'000, 3'600'000})
    EXPECT_EQ(parse_duration(print(milliseconds{value})), milliseconds{value});
}

// -- sizes and numbers -------------------------------------------------------

TEST(a_size, is_a_number_of_bytes_or_has_a_binary_unit) {
  EXPECT_EQ(parse_bytes("0"), 0u);
  EXPECT_EQ(parse_bytes("1048576"), 1024u * 1024);
  EXPECT_EQ(parse_bytes("64KiB"), 64u * 1024);
  EXPECT_EQ(parse_bytes("1MiB"), 1024u * 1024);
  EXPECT_EQ(parse_bytes("2GiB"), 2ull << 30);
}

TEST(a_size, is_refused_in_any_other_form) {
  for (auto text :
       {"", "KiB", "-1", "1.5MiB", "1MB", "1M", "1kib", "1 KiB", "1KiB "})
    EXPECT_TRUE(refused_as(refusal_of(parse_bytes(text)), "as in 64KiB"))
      << text;
}

TEST(a_size, that_does_not_fit_is_too_large_instead_of_wrapping) {
  EXPECT_TRUE(parse_bytes("18446744073709551615"));
  EXPECT_TRUE(parse_bytes("17179869183GiB"));
  for (auto text :
       {"18446744073709551616", "17179869184GiB", "99999999999999999999KiB"})
    EXPECT_EQ(refusal_of(parse_bytes(text)), "is too large") << text;
}

TEST(a_size, is_printed_in_the_largest_unit_that_divides_it) {
  EXPECT_EQ(print_bytes(0), "0");
  EXPECT_EQ(print_bytes(1000), "1000");
  EXPECT_EQ(print_bytes(64 * 1024), "64KiB");
  EXPECT_EQ(print_bytes(1ull << 30), "1GiB");
}

TEST(a_count, is_digits_only) {
  EXPECT_EQ(parse_count("0"), 0u);
  EXPECT_EQ(parse_count("18446744073709551615"),
            std::numeric_limits<std::uint64_t>::max());
  for (auto text : {"", "-1", "+1", "1.0", "1e3", "1_000", "1,000", " 1", "x"})
    EXPECT_TRUE(refused_as(refusal_of(parse_count(text)), "digits only"))
      << text;
  EXPECT_EQ(refusal_of(parse_count("18446744073709551616")), "is too large");
}

TEST(a_number, is_finite_and_not_negative) {
  EXPECT_EQ(parse_number("0"), 0.0);
  EXPECT_EQ(parse_number("2.5"), 2.5);
  for (auto text :
       {"", "-1", "-0", "nan", "inf", "1e400", "0x1p3", "1,5", "2.5 ", "+1"})
    EXPECT_TRUE(refused_as(refusal_of(parse_number(text)), "must be a number"))
      << text;
}

TEST(a_number, is_printed_in_full) {
  EXPECT_EQ(print(0.0), "0");
  EXPECT_EQ(print(0.5), "0.5");
  EXPECT_EQ(print(1e22), "10000000000000000000000");
  EXPECT_EQ(parse_number(print(5e-324)), 5e-324);
  EXPECT_EQ(parse_number(print(1.7976931348623157e308)),
            1.7976931348623157e308);
}

TEST(a_boolean, is_true_or_false_and_nothing_like_it) {
  EXPECT_EQ(parse_boolean("true"), true);
  EXPECT_EQ(parse_boolean("false"), false);
  for (auto text : {"", "1", "0", "yes", "no", "on", "TRUE", "True", " true"})
    EXPECT_EQ(refusal_of(parse_boolean(text)), "must be true or false") << text;
}

// -- endpoints ---------------------------------------------------------------

TEST(an_endpoint, is_a_host_and_a_port) {
  auto check = [](string text, string host, int port) {
    auto value = parse_endpoint(text);
    ASSERT_TRUE(value) << text << ' ' << value.error();
    EXPECT_EQ(value->host, host);
    EXPECT_EQ(value->port, port);
    EXPECT_EQ(print(*value), text);
  };
  check("127.0.0.1:8080", "127.0.0.1", 8080);
  check("0.0.0.0:0", "0.0.0.0", 0);
  check("localhost:65535", "localhost", 65535);
  check("chat-1.internal:9090", "chat-1.internal", 9090);
  check("my_service:80", "my_service", 80);
  check("[::1]:8080", "::1", 8080);
  check("[::]:80", "::", 80);
  check("[2001:db8::7]:443", "2001:db8::7", 443);
}

TEST(an_endpoint, says_what_is_wrong_with_it) {
  auto refusal = [](std::string_view text) {
    return refusal_of(parse_endpoint(text));
  };
  EXPECT_TRUE(refused_as(refusal("8080"), "must be host:port"));
  EXPECT_TRUE(refused_as(refusal(""), "must be host:port"));
  EXPECT_TRUE(refused_as(refusal(":8080"), "must be host:port"));
  EXPECT_TRUE(refused_as(refusal("*:8080"), "must be host:port"));
  EXPECT_TRUE(refused_as(refusal("a b:8080"), "must be host:port"));
  EXPECT_TRUE(refused_as(refusal("http://a:80"), "without brackets"));
  EXPECT_TRUE(refused_as(refusal("::1:8080"), "without brackets"));
  EXPECT_TRUE(refused_as(refusal("[::g]:80"), "no IPv6 address"));
  EXPECT_TRUE(refused_as(refusal("[127.0.0.1]:80"), "no IPv6 address"));
  EXPECT_TRUE(refused_as(refusal("[]:80"), "must be host:port"));
  EXPECT_TRUE(refused_as(refusal("host:"), "no port from 0 to 65535"));
  EXPECT_TRUE(refused_as(refusal("host:65536"), "no port from 0 to 65535"));
  EXPECT_TRUE(refused_as(refusal("host:-1"), "no port from 0 to 65535"));
  EXPECT_TRUE(refused_as(refusal("host:http"), "no port from 0 to 65535"));
  EXPECT_TRUE(refused_as(refusal("host:000080"), "no port from 0 to 65535"));
}

TEST(an_endpoint, with_a_mistyped_address_is_not_taken_for_a_name) {
  for (auto text : {"256.0.0.1:80", "127.0.0:80", "1.2.3.4.5:80", "127:80"})
    EXPECT_FALSE(parse_endpoint(text)) << text;
}

TEST(an_endpoint, has_a_host_of_at_most_253_bytes) {
  EXPECT_TRUE(parse_endpoint(string(253, 'a') + ":80"));
  EXPECT_FALSE(parse_endpoint(string(254, 'a') + ":80"));
}

TEST(loopback, is_127_slash_8_and_colon_colon_1_and_localhost) {
  for (auto host : {"127.0.0.1", "127.9.9.9", "::1", "localhost"})
    EXPECT_TRUE(is_loopback(host)) << host;
  for (auto host : {"0.0.0.0", "128.0.0.1", "::", "::2", "example.org",
                    "127.0.0.1.example.org", ""})
    EXPECT_FALSE(is_loopback(host)) << host;
}

// -- texts -------------------------------------------------------------------

TEST(a_text, is_utf8_without_control_characters) {
  EXPECT_EQ(parse_text("größer"), "größer");
  EXPECT_EQ(parse_text(""), "");
  for (auto text : {string{"a\nb"}, string{"a\0b", 3}, string{"\x7f"}})
    EXPECT_EQ(refusal_of(parse_text(text)), "must not hold control characters");
  EXPECT_EQ(refusal_of(parse_text("\xff")), "must be valid UTF-8");
}

TEST(a_base_url, is_http_or_https_with_a_host) {
  for (auto text : {"http://127.0.0.1:11434/v1", "https://api.openai.com/v1",
                    "http://[::1]:8000", "https://h", "http://h:65535/a/b"})
    EXPECT_EQ(parse_base_url(text), text);
  EXPECT_EQ(parse_base_url(""), "");
}

TEST(a_base_url, loses_its_trailing_slashes) {
  EXPECT_EQ(parse_base_url("http://h/v1/"), "http://h/v1");
  EXPECT_EQ(parse_base_url("http://h//"), "http://h");
}

TEST(a_base_url, says_what_is_wrong_with_it) {
  auto refusal = [](std::string_view text) {
    return refusal_of(parse_base_url(text));
  };
  for (auto text : {"127.0.0.1:11434/v1", "ftp://h", "HTTP://h", "https:/h"})
    EXPECT_EQ(refusal(text), "must begin with http:// or https://") << text;
  for (auto text :
       {"http://", "http:///v1", "http://:80/", "http://h:0", "http://h:65536",
        "http://h:x/", "http://::1/", "http://1.2.3.4.5/"})
    EXPECT_TRUE(refused_as(refusal(text), "must name a host")) << text;
  EXPECT_TRUE(refused_as(refusal("http://u:p@h/"), "user name or password"));
  EXPECT_TRUE(refused_as(refusal("http://h/v1?a=b"), "query or a fragment"));
  EXPECT_TRUE(refused_as(refusal("http://h/v1#a"), "query or a fragment"));
  for (auto text : {"http://h/a b", "http://h/\r\nX: y", "http://h/ü"})
    EXPECT_TRUE(refused_as(refusal(text), "blanks")) << text;
}

TEST(a_secret, is_visible_ascii_because_it_goes_into_a_header) {
  EXPECT_EQ(parse_secret("sk-AZ09~!")->value, "sk-AZ09~!");
  EXPECT_TRUE(parse_secret("")->empty());
  for (auto text : {"a b", "a\r\nX: y", "\x7f", "ä", "\t"})
    EXPECT_EQ(refusal_of(parse_secret(text)),
              "must be visible ASCII characters only");
}

TEST(a_list, is_split_at_commas_and_trimmed) {
  using items = std::vector<string>;
  EXPECT_EQ(split_list(""), items{});
  EXPECT_EQ(split_list("  "), items{});
  EXPECT_EQ(split_list("a"), items{"a"});
  EXPECT_EQ(split_list(" a , b,c "), (items{"a", "b", "c"}));
  EXPECT_EQ(split_list("a,,b,"), (items{"a", "", "b", ""}));
}

} // namespace
} // namespace parley::config
