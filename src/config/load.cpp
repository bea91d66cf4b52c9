#include "config/load.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "config/checks.hpp"
#include "config/printing.hpp"
#include "config/quoting.hpp"
#include "config/sources.hpp"
#include "config/values.hpp"
#include "config/version.hpp"

namespace parley::config {

namespace {

// More lines than this help nobody.
constexpr std::size_t max_printed_errors = 20;

class loader {
public:
  explicit loader(const load_input& input)
    : input_(input), origins_(options().size()) {
  }

  load_result run() {
    auto command_line = read_command_line(input_.arguments);
    if (auto text = text_of_flags(command_line.flags))
      return printed{*std::move(text)};
    auto environment = read_environment(input_.environment);
    read_file(environment, command_line);
    take(environment);
    take(command_line);
    read_api_key();
    if (errors_.empty())
      errors_ = contradictions(values_);
    if (!errors_.empty())
      return refused{error_text()};
    if (has(command_line.flags, flag::config_dump))
      return printed{dump_text(values_, origins_, origin_of_models_)};
    return loaded{std::move(values_)};
  }

private:
  static bool has(const std::vector<flag>& flags, flag wanted) {
    return std::ranges::find(flags, wanted) != flags.end();
  }

  // Help is given whatever else is wrong.
  static std::optional<std::string>
  text_of_flags(const std::vector<flag>& flags) {
    if (has(flags, flag::help))
      return help_text();
    if (has(flags, flag::version))
      return "parley " + std::string{version()} + '\n';
    if (has(flags, flag::config_docs))
      return markdown_text();
    return std::nullopt;
  }

  // -- the three sources -----------------------------------------------------

  void take(source_content& content) {
    std::ranges::move(content.errors, std::back_inserter(errors_));
    for (auto& what : content.assignments) {
      if (auto done = assign(*what.row, what.value, values_); !done)
        errors_.push_back(complaint(what, done.error()));
      else
        origin_of(*what.row) = std::move(what.where);
    }
  }

  // Whichever of the two names the file, the command line if both do.
  void read_file(const source_content& environment,
                 const source_content& command_line) {
    const assignment* named = nullptr;
    for (const auto* content : {&environment, &command_line}) {
      for (const auto& what : content->assignments) {
        if (what.row->name == "config-file")
          named = &what;
      }
    }
    if (!named || std::get<std::string>(named->value).empty())
      return;
    const auto& path = std::get<std::string>(named->value);
    auto text = input_.read_file(path);
    if (!text) {
      errors_.push_back(complaint(*named, "cannot be read: " + text.error()));
      return;
    }
    auto file = read_toml(*text, path);
    if (!file.models.empty())
      origin_of_models_ = {source::file, path};
    values_.models = std::move(file.models);
    take(file);
  }

  // -- the API key -----------------------------------------------------------

  // The file's key counts when the file was named at least as high as the
  // environment, or when the environment has none.
  void read_api_key() {
    const auto& file_row = *find_option("llm.api-key-file");
    const auto& path = values_.llm.api_key_file;
    if (path.empty())
      return;
    const auto& where = origin_of(file_row);
    if (!values_.llm.api_key.empty() && where.from < source::environment)
      return;
    auto complain = [this, &file_row, &path,
                     &where](const std::string& clause) {
      errors_.push_back(
        complaint({&file_row, path, in_quotes(path), where}, clause));
    };
    auto text = input_.read_file(path);
    if (!text)
      return complain("cannot be read: " + text.error());
    while (text->ends_with('\n') || text->ends_with('\r'))
      text->pop_back();
    if (text->empty())
      return complain("holds no key: the file is empty");
    const auto& key_row = *find_option("llm.api-key");
    if (auto done = assign(key_row, *text, values_); !done)
      return complain("holds no key: what is in the file " + done.error());
    origin_of(key_row) = {where.from, "file " + path};
  }

  // -- results ---------------------------------------------------------------

  origin& origin_of(const option& row) {
    return origins_[static_cast<std::size_t>(&row - options().data())];
  }

  std::string error_text() const {
    std::string text;
    auto count = std::min(errors_.size(), max_printed_errors);
    for (std::size_t i = 0; i < count; ++i)
      text += "parley: " + errors_[i] + '\n';
    if (count < errors_.size())
      text += "parley: and " + std::to_string(errors_.size() - count)
              + " more errors\n";
    return text + "parley: see parley --help\n";
  }

  const load_input& input_;
  settings values_;
  std::vector<origin> origins_; // parallel to options()
  origin origin_of_models_;
  std::vector<std::string> errors_;
};

} // namespace

load_result load(const load_input& input) {
  return loader{input}.run();
}

} // namespace parley::config
