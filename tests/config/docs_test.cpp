#include <fstream>
#include <sstream>

#include "config/options.hpp"
#include "config/printing.hpp"
#include "tests/config/support.hpp"

namespace parley::config {
namespace {

TEST(the_configuration_page, is_what_the_table_prints) {
  std::ifstream file{PARLEY_CONFIGURATION_DOC};
  std::ostringstream content;
  content << file.rdbuf();
  EXPECT_EQ(content.str(), markdown_text())
    << "docs/configuration.md is out of date: write it anew with parley "
       "--config-docs > docs/configuration.md";
}

TEST(the_configuration_page, has_every_option) {
  auto text = markdown_text();
  for (const auto& row : options())
    EXPECT_NE(text.find("\n| `" + std::string{row.name} + "` |"),
              std::string::npos)
      << row.name;
}

TEST(the_configuration_page, has_tables_with_five_columns) {
  std::istringstream lines{markdown_text()};
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("| `") || line.find("kind") != std::string::npos)
      continue;
    std::size_t bars = 0;
    for (std::size_t i = 0; i < line.size(); ++i)
      bars += line[i] == '|' && (i == 0 || line[i - 1] != '\\');
    EXPECT_EQ(bars, 6u) << line;
  }
}

} // namespace
} // namespace parley::config
