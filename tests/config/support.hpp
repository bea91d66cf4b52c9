// Loading without a process: files are a map, the environment is a map.
#pragma once

#include <map>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "config/load.hpp"
#include "config/settings.hpp"

namespace parley::config {

using variables = std::map<std::string, std::string>;
using files = std::map<std::string, std::string>;

inline load_input input_of(std::vector<std::string> arguments,
                           variables environment = {}, files on_disk = {}) {
  auto read =
    [on_disk = std::move(on_disk)](
      const std::string& path) -> tl::expected<std::string, std::string> {
    auto found = on_disk.find(path);
    if (found == on_disk.end())
      return tl::unexpected<std::string>{"No such file or directory"};
    return found->second;
  };
  return {std::move(arguments), std::move(environment), std::move(read)};
}

inline load_result load_from(std::vector<std::string> arguments,
                             variables environment = {}, files on_disk = {}) {
  return load(
    input_of(std::move(arguments), std::move(environment), std::move(on_disk)));
}

// The settings of a load that must succeed.
inline settings settings_from(std::vector<std::string> arguments,
                              variables environment = {}, files on_disk = {}) {
  auto result =
    load_from(std::move(arguments), std::move(environment), std::move(on_disk));
  if (const auto* failure = std::get_if<refused>(&result))
    ADD_FAILURE() << failure->text;
  if (auto* success = std::get_if<loaded>(&result))
    return std::move(success->values);
  ADD_FAILURE() << "nothing was loaded";
  return {};
}

// The errors of a load that must fail: without the program's name, without the
// pointer to --help, a line each.
inline std::string errors_from(std::vector<std::string> arguments,
                               variables environment = {}, files on_disk = {}) {
  auto result =
    load_from(std::move(arguments), std::move(environment), std::move(on_disk));
  const auto* failure = std::get_if<refused>(&result);
  if (!failure) {
    ADD_FAILURE() << "it was not refused";
    return {};
  }
  std::string text = failure->text;
  const std::string hint = "parley: see parley --help\n";
  EXPECT_TRUE(text.ends_with(hint)) << text;
  text.resize(text.size() - hint.size());
  std::string result_text;
  while (!text.empty()) {
    auto line = text.substr(0, text.find('\n'));
    text.erase(0, line.size() + 1);
    EXPECT_TRUE(line.starts_with("parley: ")) << line;
    result_text += (result_text.empty() ? "" : "\n") + line.substr(8);
  }
  return result_text;
}

// The errors of a TOML file.
inline std::string errors_of_file(std::string text) {
  return errors_from({"--config-file=p.toml"}, {},
                     {{"p.toml", std::move(text)}});
}

inline settings settings_of_file(std::string text) {
  return settings_from({"--config-file=p.toml"}, {},
                       {{"p.toml", std::move(text)}});
}

// What --help and the like print.
inline std::string printed_by(std::vector<std::string> arguments,
                              variables environment = {}, files on_disk = {}) {
  auto result =
    load_from(std::move(arguments), std::move(environment), std::move(on_disk));
  if (const auto* failure = std::get_if<refused>(&result))
    ADD_FAILURE() << failure->text;
  const auto* output = std::get_if<printed>(&result);
  if (!output) {
    ADD_FAILURE() << "nothing was printed";
    return {};
  }
  return output->text;
}

} // namespace parley::config
