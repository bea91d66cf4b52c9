// `--name=value`, `--name value` and the flags.
#include <array>
#include <optional>
#include <utility>

#include "config/nearest.hpp"
#include "config/quoting.hpp"
#include "config/sources.hpp"
#include "config/values.hpp"

namespace parley::config {

namespace {

constexpr std::array<std::pair<std::string_view, flag>, 5> flags{
  {{"--help", flag::help},
   {"-h", flag::help},
   {"--version", flag::version},
   {"--config-dump", flag::config_dump},
   {"--config-docs", flag::config_docs}}};

std::optional<flag> find_flag(std::string_view argument) {
  for (const auto& [name, value] : flags) {
    if (name == argument)
      return value;
  }
  return std::nullopt;
}

std::string unknown_option(std::string_view name) {
  std::vector<std::string_view> candidates;
  for (const auto& row : options()) {
    if (refusal(row, source::command_line).empty())
      candidates.push_back(row.name);
  }
  for (const auto& entry : flags) {
    if (entry.first.starts_with("--"))
      candidates.push_back(entry.first.substr(2));
  }
  return "unknown option " + in_quotes("--" + std::string{name})
         + " (command line); the nearest one is --"
         + std::string{nearest(name, candidates)};
}

class parser {
public:
  explicit parser(const std::vector<std::string>& arguments)
    : arguments_(arguments) {
  }

  command_line_content run() {
    while (next_ < arguments_.size())
      take(arguments_[next_++]);
    return std::move(result_);
  }

private:
  void take(std::string_view argument) {
    auto equals = argument.find('=');
    auto head = argument.substr(0, equals);
    if (auto found = find_flag(head)) {
      if (equals == std::string_view::npos)
        result_.flags.push_back(*found);
      else
        result_.errors.push_back(std::string{head}
                                 + " (command line): takes no value");
      return;
    }
    if (!argument.starts_with("--") || argument == "--") {
      result_.errors.push_back("unexpected argument " + in_quotes(argument)
                               + " (command line); options are written "
                                 "--name=value");
      return;
    }
    auto name = head.substr(2);
    // Also for unknown options, so that their values, which may be secrets,
    // are not taken for arguments and printed.
    auto value = equals == std::string_view::npos
                   ? following_value()
                   : std::optional{argument.substr(equals + 1)};
    if (name == "models")
      result_.errors.emplace_back(
        "models (command line): can only be set in the configuration file, as "
        "[[models]] tables");
    else if (const auto* row = find_option(name))
      assign(*row, value);
    else
      result_.errors.push_back(unknown_option(name));
  }

  // The next argument, unless it is an option itself.
  std::optional<std::string_view> following_value() {
    if (next_ == arguments_.size() || arguments_[next_].starts_with("--")
        || find_flag(arguments_[next_]))
      return std::nullopt;
    return arguments_[next_++];
  }

  void assign(const option& row, std::optional<std::string_view> value) {
    auto name = std::string{row.name};
    if (auto clause = refusal(row, source::command_line); !clause.empty()) {
      result_.errors.push_back(name
                               + " (command line): " + std::string{clause});
      return;
    }
    if (!value) {
      result_.errors.push_back(name + " (command line): needs a value ("
                               + describe(row) + "), as in --" + name + '='
                               + std::string{row.example});
      return;
    }
    result_.assignments.push_back({&row,
                                   std::string{*value},
                                   in_quotes(*value),
                                   {source::command_line, "command line"}});
  }

  const std::vector<std::string>& arguments_;
  std::size_t next_ = 0;
  command_line_content result_;
};

} // namespace

command_line_content
read_command_line(const std::vector<std::string>& arguments) {
  return parser{arguments}.run();
}

} // namespace parley::config
