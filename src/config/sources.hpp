// The three places that options are read from, each as a list of assignments.
// What they mean is decided in load.cpp.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "config/options.hpp"
#include "config/settings.hpp"

namespace parley::config {

// In rising order: a later one wins.
enum class source : std::uint8_t { defaults, file, environment, command_line };

struct origin {
  source from = source::defaults;
  std::string text = "default"; // "parley.toml:3", "command line", …
};

// "name = value": what a source says, not yet checked.
struct assignment {
  const option* row = nullptr; // never null
  raw_value value;
  std::string shown; // the value as an error may quote it
  origin where;
};

// What one source says. Errors are whole lines without a newline.
struct source_content {
  std::vector<assignment> assignments;
  std::vector<std::string> errors;
};

enum class flag : std::uint8_t { help, version, config_dump, config_docs };

struct command_line_content : source_content {
  std::vector<flag> flags;
};

struct file_content : source_content {
  std::vector<model_entry> models;
};

[[nodiscard]] command_line_content
read_command_line(const std::vector<std::string>& arguments);

[[nodiscard]] source_content
read_environment(const std::map<std::string, std::string>& environment);

// `path` is only for the origins.
[[nodiscard]] file_content read_toml(std::string_view text,
                                     std::string_view path);

// `http.listen = "8080" (command line): must be host:port`. Leaves the value
// out where it is, or could be, a secret.
[[nodiscard]] std::string complaint(const assignment& what,
                                    std::string_view clause);

// Why `row` cannot be set at `from`, as a clause; empty where it can.
[[nodiscard]] std::string_view refusal(const option& row, source from);

} // namespace parley::config
