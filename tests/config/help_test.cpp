#include <algorithm>
#include <sstream>

#include "chat/utf8.hpp"
#include "config/options.hpp"
#include "config/printing.hpp"
#include "tests/config/support.hpp"

namespace parley::config {
namespace {

TEST(the_help, fits_into_80_columns) {
  std::istringstream lines{help_text()};
  for (std::string line; std::getline(lines, line);) {
    EXPECT_LE(utf8::length(line), 80u) << line;
    EXPECT_FALSE(line.ends_with(' ')) << line;
  }
}

TEST(the_help, is_ascii_for_every_terminal) {
  auto text = help_text();
  EXPECT_TRUE(std::ranges::all_of(
    text, [](char c) { return c == '\n' || (c >= 0x20 && c < 0x7f); }));
}

TEST(the_help, has_every_option_with_its_default_and_its_sentence) {
  auto text = help_text();
  std::ranges::replace(text, '\n', ' ');
  std::string joined; // with every run of blanks as one
  std::ranges::unique_copy(text, std::back_inserter(joined),
                           [](char a, char b) { return a == ' ' && b == ' '; });
  for (const auto& row : options()) {
    auto heading = row.from == sources::environment_only
                     ? ' ' + environment_name(row.name) + '='
                     : " --" + std::string{row.name} + '=';
    auto start = joined.find(heading);
    ASSERT_NE(start, std::string::npos) << row.name;
    auto help = joined.find(row.help, start);
    EXPECT_NE(help, std::string::npos) << row.name;
    auto value = shown(row, settings{});
    auto shown_default =
      "Default: " + (value.empty() ? std::string{row.when_empty} : value);
    EXPECT_EQ(joined.find(shown_default, help), help + row.help.size() + 1)
      << row.name;
  }
}

TEST(the_help, has_the_bounds_and_units) {
  auto text = help_text();
  EXPECT_NE(text.find("Default: 4000 code points. 1 to 10000000."),
            std::string::npos);
  EXPECT_NE(text.find("One of accepted, strict or os."), std::string::npos);
  EXPECT_NE(text.find("Default: 0 (one per core). 0 to 1024."),
            std::string::npos);
}

TEST(the_help, tells_about_the_flags_and_the_groups) {
  auto text = help_text();
  for (auto part : {"--help", "--version", "--config-dump", "--config-docs"})
    EXPECT_NE(text.find(part), std::string::npos) << part;
  for (const auto& section : groups())
    EXPECT_NE(text.find('\n' + std::string{section.title} + '\n'),
              std::string::npos)
      << section.title;
}

TEST(the_help, tells_every_exit_code) {
  auto text = help_text();
  auto codes = text.substr(text.find("Exit codes:"));
  for (auto part : {"0 after", "2 when", "3 when", "4 when", "70 after"})
    EXPECT_NE(codes.find(part), std::string::npos) << part;
}

} // namespace
} // namespace parley::config
