// The one table of options. Loading, `--help`, `--config-dump` and
// docs/configuration.md are all made from it.
//
// A new option is a field in config/settings.hpp, whose initializer is the
// default, and a row in options.cpp.
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <tl/expected.hpp>

#include "config/settings.hpp"

namespace parley::config {

// How an option's value is written; see `describe`.
enum class value_kind : std::uint8_t {
  text,
  path,
  url,
  node_name,
  boolean,
  count,
  bytes,
  number,
  duration,
  endpoint,
  endpoint_list,
  text_list,
  choice,
  secret,
};

// Where an option may be set.
enum class sources : std::uint8_t {
  everywhere,
  outside_the_file, // it names the file
  environment_only, // a command line can be read by every user of the machine
};

// The field of `settings` that an option fills.
template <class T>
using field_of = T& (*)(settings&);
using target = std::variant<
  field_of<std::string>, field_of<secret>, field_of<bool>,
  field_of<std::uint64_t>, field_of<std::uint32_t>, field_of<double>,
  field_of<milliseconds>, field_of<endpoint>, field_of<std::optional<endpoint>>,
  field_of<std::vector<endpoint>>, field_of<std::vector<std::string>>,
  field_of<durability>, field_of<disconnect_default>, field_of<log_format>,
  field_of<log_level>>;

struct option {
  std::string_view name; // dotted, kebab-case; the part before the first dot is
                         // its group
  value_kind kind = value_kind::text;
  target field;
  std::string_view example; // a value that is allowed, as it is written
  std::string_view help;    // whole sentences

  // What a `count` or a `number` counts.
  std::string_view unit = {};
  // Inclusive; in milliseconds, bytes or `unit`.
  std::uint64_t min = 0;
  std::uint64_t max = std::numeric_limits<std::uint64_t>::max();
  // What an empty text, an empty list or a 0 means; empty where it is nothing
  // special.
  std::string_view when_empty = {};
  sources from = sources::everywhere;
  bool secret = false; // never printed
  // False would mean that a running process takes a new value; settings are
  // immutable, so no option does.
  bool needs_restart = true;
};

struct group {
  std::string_view name; // "" for the options without a dot
  std::string_view title;
  std::string_view help;
};

// In the order in which they are printed: groups as `groups()` has them, the
// options of a group together.
[[nodiscard]] std::span<const option> options();
[[nodiscard]] std::span<const group> groups();

[[nodiscard]] const option* find_option(std::string_view name);

// "http.header-timeout" → "http"; "data-dir" → "".
[[nodiscard]] std::string_view group_of(std::string_view name);

// "http.header-timeout" → "PARLEY_HTTP_HEADER_TIMEOUT".
[[nodiscard]] std::string environment_name(std::string_view name);

// What `--help` and the documents call the kind: "duration", "host:port", …
[[nodiscard]] std::string describe(const option& row);

// A bound, or a value of a kind that has them: `1h`, `1MiB`, `20`.
[[nodiscard]] std::string print_amount(const option& row, std::uint64_t value);

// "1ms to 1h"; empty where the kind has no bounds.
[[nodiscard]] std::string describe_bounds(const option& row);

// One value as it is written, or the items of a list.
using raw_value = std::variant<std::string, std::vector<std::string>>;

// Parses, checks the bounds and sets the field. Refused values leave `into`
// as it was; the error is a clause as in values.hpp.
[[nodiscard]] tl::expected<void, std::string>
assign(const option& row, const raw_value& value, settings& into);

// The value as a command line would have it; secrets as `***`.
[[nodiscard]] std::string shown(const option& row, const settings& from);

// The value as TOML would have it; secrets as `"***"`.
[[nodiscard]] std::string shown_as_toml(const option& row,
                                        const settings& from);

} // namespace parley::config
