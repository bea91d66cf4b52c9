// The configuration file: TOML, options as nested keys.
#include <algorithm>
#include <array>
#include <set>
#include <span>
#include <sstream>
#include <utility>

#include <toml++/toml.h>

#include "chat/limits.hpp"
#include "chat/utf8.hpp"
#include "config/nearest.hpp"
#include "config/quoting.hpp"
#include "config/sources.hpp"
#include "config/values.hpp"

namespace parley::config {

namespace {

constexpr std::size_t max_models = 1'000;
// What errors quote at most.
constexpr std::size_t max_path_bytes = 1'000;
constexpr std::size_t max_description_bytes = 200;

std::string_view name_of(toml::node_type type) {
  switch (type) {
  case toml::node_type::table:
    return "a table";
  case toml::node_type::array:
    return "an array";
  case toml::node_type::string:
    return "a string";
  case toml::node_type::integer:
    return "an integer";
  case toml::node_type::floating_point:
    return "a floating-point number";
  case toml::node_type::boolean:
    return "a boolean";
  case toml::node_type::date:
    return "a date";
  case toml::node_type::time:
    return "a time";
  case toml::node_type::date_time:
    return "a date and time";
  default:
    return "nothing";
  }
}

// The TOML types that a kind is written in.
struct accepted_types {
  std::vector<toml::node_type> types;
  std::string_view text;
};

accepted_types types_of(value_kind kind) {
  using enum toml::node_type;
  switch (kind) {
  case value_kind::boolean:
    return {{boolean}, "must be true or false, without quotes"};
  case value_kind::count:
    return {{integer}, "must be an integer"};
  case value_kind::number:
    return {{integer, floating_point}, "must be a number"};
  case value_kind::bytes:
    return {{integer, string},
            "must be an integer or a string such as \"64KiB\""};
  case value_kind::duration:
    // An integer goes through to the parser, which asks for the unit.
    return {{string, integer}, "must be a string such as \"30s\""};
  case value_kind::endpoint_list:
  case value_kind::text_list:
    return {{array, string}, "must be an array of strings"};
  default:
    return {{string}, "must be a string"};
  }
}

// A scalar as its option's parser takes it.
std::string text_of(const toml::node& node) {
  if (const auto* text = node.as_string())
    return text->get();
  if (const auto* number = node.as_integer())
    return std::to_string(number->get());
  if (const auto* number = node.as_floating_point())
    return print(number->get());
  if (const auto* truth = node.as_boolean())
    return truth->get() ? "true" : "false";
  std::ostringstream out;
  if (const auto* date = node.as_date())
    out << date->get();
  else if (const auto* time = node.as_time())
    out << time->get();
  else if (const auto* both = node.as_date_time())
    out << both->get();
  return out.str();
}

// Tables and arrays are named by their type: they may be long.
std::string shown_value(const toml::node& node) {
  if (node.is_table() || node.is_array())
    return std::string{name_of(node.type())};
  return node.is_string() ? in_quotes(text_of(node)) : text_of(node);
}

class reader {
public:
  explicit reader(std::string_view path) {
    append_escaped(path_, path, max_path_bytes);
  }

  file_content run(std::string_view text) {
    // The compiled library throws; its exceptions end here.
    try {
      walk(toml::parse(text, path_), {});
    } catch (const toml::parse_error& failure) {
      // The description quotes bytes of the file as they are.
      auto line = failure.source().begin.line;
      auto sentence = where(line) + ": ";
      append_escaped(sentence, failure.description(), max_description_bytes);
      complain(line, std::move(sentence));
    }
    std::ranges::stable_sort(errors_, {}, &located_error::line);
    for (auto& failure : errors_)
      result_.errors.push_back(std::move(failure.text));
    return std::move(result_);
  }

private:
  struct located_error {
    std::uint32_t line;
    std::string text;
  };

  // -- errors ----------------------------------------------------------------

  std::string where(std::uint32_t line) const {
    return path_ + ':' + std::to_string(line);
  }

  void complain(std::uint32_t line, std::string text) {
    errors_.push_back({line, std::move(text)});
  }

  void unknown_key(std::uint32_t line, const std::string& name,
                   std::span<const std::string_view> candidates) {
    complain(line, "unknown option " + in_quotes(name) + " (" + where(line)
                     + "); the nearest one is "
                     + std::string{nearest(name, candidates)});
  }

  // -- options ---------------------------------------------------------------

  // Goes down only into tables that hold options, so its depth is bounded.
  void walk(const toml::table& table, const std::string& prefix) {
    for (auto&& [key, node] : table) {
      auto name = prefix + std::string{key.str()};
      auto line = key.source().begin.line;
      if (key.str().find('.') != std::string_view::npos)
        complain(line, "unknown option " + in_quotes(key.str()) + " ("
                         + where(line)
                         + "): a key in quotes is one name; write it without "
                           "the quotes");
      else if (name == "models")
        read_models(node, line);
      else if (const auto* row = find_option(name))
        read_option(*row, node, line);
      else if (is_group(name))
        read_group(name, node, line);
      else
        unknown_key(line, name, names());
    }
  }

  // True for "http" and "http.cors": options begin with it.
  static bool is_group(const std::string& name) {
    return std::ranges::any_of(options(), [&name](const option& row) {
      return row.name.starts_with(name + '.');
    });
  }

  // What an unknown key may have been meant to be: options and their tables.
  static std::vector<std::string_view> names() {
    std::vector<std::string_view> result{"models"};
    for (const auto& row : options()) {
      if (!refusal(row, source::file).empty())
        continue;
      result.push_back(row.name);
      for (auto dot = row.name.find('.'); dot != std::string_view::npos;
           dot = row.name.find('.', dot + 1))
        result.push_back(row.name.substr(0, dot));
    }
    return result;
  }

  void read_group(const std::string& name, const toml::node& node,
                  std::uint32_t line) {
    if (const auto* table = node.as_table())
      walk(*table, name + '.');
    else
      complain(line, name + " (" + where(line) + "): is a group of options, "
                       + "written [" + name + "], not "
                       + std::string{name_of(node.type())});
  }

  void read_option(const option& row, const toml::node& node,
                   std::uint32_t line) {
    assignment what{&row, {}, shown_value(node), {source::file, where(line)}};
    auto accepted = types_of(row.kind);
    if (auto clause = refusal(row, source::file); !clause.empty()) {
      complain(line, std::string{row.name} + " (" + where(line)
                       + "): " + std::string{clause});
    } else if (std::ranges::find(accepted.types, node.type())
               == accepted.types.end()) {
      complain(line, complaint(what, std::string{accepted.text} + ", not "
                                       + std::string{name_of(node.type())}));
    } else if (const auto* items = node.as_array()) {
      read_items(what, *items, line);
    } else {
      what.value = text_of(node);
      result_.assignments.push_back(std::move(what));
    }
  }

  void read_items(assignment& what, const toml::array& items,
                  std::uint32_t line) {
    std::vector<std::string> texts;
    for (const auto& item : items) {
      if (!item.is_string()) {
        complain(line,
                 complaint(what, "must be an array of strings; item "
                                   + std::to_string(texts.size() + 1) + " is "
                                   + std::string{name_of(item.type())}));
        return;
      }
      texts.push_back(text_of(item));
    }
    what.value = std::move(texts);
    result_.assignments.push_back(std::move(what));
  }

  // -- the models table ------------------------------------------------------

  void read_models(const toml::node& node, std::uint32_t line) {
    const auto* entries = node.as_array();
    if (!entries || (!entries->empty() && !entries->is_array_of_tables()))
      complain(line, "models (" + where(line)
                       + "): must be written as [[models]] tables, each with "
                         "a name and, where it differs, an upstream");
    else if (entries->size() > max_models)
      complain(line, "models (" + where(line) + "): must have at most "
                       + std::to_string(max_models) + " entries");
    else
      for (const auto& entry : *entries)
        read_model(*entry.as_table());
  }

  void read_model(const toml::table& table) {
    auto line = table.source().begin.line;
    auto complete = true;
    model_entry entry;
    for (auto&& [key, node] : table) {
      auto* field = key.str() == "name"       ? &entry.name
                    : key.str() == "upstream" ? &entry.upstream
                                              : nullptr;
      auto key_line = key.source().begin.line;
      constexpr std::array<std::string_view, 2> fields{"models.name",
                                                       "models.upstream"};
      if (!field)
        unknown_key(key_line, "models." + std::string{key.str()}, fields);
      else if (auto text = model_name(node))
        *field = *std::move(text);
      else
        complain(key_line, "models." + std::string{key.str()} + " = "
                             + shown_value(node) + " (" + where(key_line)
                             + "): " + text.error());
      complete = complete && field;
    }
    if (!table.contains("name"))
      complain(line, "models (" + where(line) + "): an entry has no name");
    else if (!entry.name.empty() && !names_seen_.insert(entry.name).second)
      complain(line, "models.name = " + in_quotes(entry.name) + " ("
                       + where(line) + "): is in the table already");
    if (complete)
      result_.models.push_back(std::move(entry));
  }

  static parsed<std::string> model_name(const toml::node& node) {
    using refusal_type = tl::unexpected<std::string>;
    const auto* text = node.as_string();
    if (!text)
      return refusal_type{"must be a string, not "
                          + std::string{name_of(node.type())}};
    auto name = parse_text(text->get());
    if (!name)
      return name;
    if (name->empty() || utf8::length(*name) > limits::max_model_name_chars)
      return refusal_type{"must have 1 to "
                          + std::to_string(limits::max_model_name_chars)
                          + " characters"};
    return name;
  }

  std::string path_;
  file_content result_;
  std::vector<located_error> errors_;
  std::set<std::string> names_seen_;
};

} // namespace

file_content read_toml(std::string_view text, std::string_view path) {
  return reader{path}.run(text);
}

} // namespace parley::config
