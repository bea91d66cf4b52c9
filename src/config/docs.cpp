// `--config-docs`: docs/configuration.md.
#include "config/options.hpp"
#include "config/printing.hpp"

namespace parley::config {

namespace {

constexpr std::string_view introduction = R"(# Configuration

<!-- Printed by `parley --config-docs`. Edit src/config/option_table.cpp, not this
     file. -->

Parley runs without any configuration. Every option below can be set in three
places; the later one wins:

1. a TOML file, named by `--config-file` or `PARLEY_CONFIG_FILE`, as nested keys:
   `http.listen` is `listen` in the table `[http]`,
2. the environment, as `PARLEY_` and the name in upper case with dots and dashes
   as underscores: `PARLEY_HTTP_LISTEN`,
3. the command line, as `--http.listen=0.0.0.0:8080` or `--http.listen 0.0.0.0:8080`.
   An option that is given twice has its last value.

Anything unknown or out of bounds is an error, in every place, even where another
place overrides it: Parley says what is wrong and where, and exits with code 2.
`parley --config-dump` prints the settings in effect, each with its source, as a
TOML file that can be loaded again; secrets are masked. All options take effect
at the next start.

## How values are written

| kind | on the command line and in the environment | in the file |
|---|---|---|
| duration | a whole number and a unit, `ms`, `s`, `m` or `h`: `1500ms`, `30s` | the same, as a string |
| bytes | a number of bytes, or a number with `KiB`, `MiB` or `GiB`: `64KiB` | an integer, or the same as a string |
| count, number | `20`, `2.5` | an integer; a number |
| true or false | `true`, `false` | a boolean |
| host:port | `127.0.0.1:8080`, `[::1]:8080`, `chat-1.internal:8080` | the same, as a string |
| list | items between commas | an array of strings, or one string with commas |
| path, URL, text, name | as it is | a string |

An empty text or list stands for "none" where the default is described in words.
A relative path starts at the working directory of the process.
)";

constexpr std::string_view models = R"(
## Models

The table `models` says which models clients may ask for. It can be set in the
file only. Without it, clients may ask for whatever the upstream has.

```toml
[[models]]
name = "fast"               # what clients ask for
upstream = "llama3.2:1b"    # what the upstream calls it; the same when left out

[[models]]
name = "qwen2.5"
```
)";

constexpr std::string_view secrets = R"(
## Secrets

The upstream's API key comes from a file (`llm.api-key-file`) or from the
environment (`PARLEY_LLM_API_KEY`), never from the command line, which every user
of a machine can read, and never from the configuration file, which people share.
When both are given, the one from the higher place counts: a key file named on the
command line wins over the variable, the variable wins over a key file named in
the configuration file. When both come from the environment, the file counts. A
key file that is not used is not read.

## Variables that are left alone

Some variables begin with `PARLEY_` and are not options: `PARLEY_CACHE_DIR` (where
the build keeps CAF), and what Kubernetes and linked containers set for a service
of the name `parley`, such as `PARLEY_SERVICE_HOST` and `PARLEY_PORT_8080_TCP_ADDR`.
)";

// A cell of a table.
std::string cell(std::string_view text) {
  std::string result;
  for (auto c : text) {
    if (c == '|' || c == '*')
      result += '\\';
    result += c;
  }
  return result;
}

std::string code(std::string_view text) {
  return '`' + std::string{text} + '`';
}

std::string default_cell(const option& row) {
  auto value = shown(row, settings{});
  auto words = std::string{row.when_empty};
  if (value.empty())
    return words;
  return code(value);
}

std::string allowed_cell(const option& row) {
  auto text = describe(row);
  if (row.kind == value_kind::choice || row.kind == value_kind::boolean)
    return text;
  if (!row.unit.empty())
    text = row.unit;
  if (auto bounds = describe_bounds(row); !bounds.empty())
    text += ", " + bounds;
  return text;
}

std::string notes_cell(const option& row) {
  auto text = std::string{row.help};
  if (row.from == sources::environment_only)
    text = "Only as " + code(environment_name(row.name)) + ". " + text;
  else if (row.from == sources::outside_the_file)
    text += " Not in the file itself.";
  if (!row.when_empty.empty() && !describe_bounds(row).empty())
    text += " 0: " + std::string{row.when_empty} + '.';
  if (!row.needs_restart)
    text += " Takes effect at once.";
  return cell(text);
}

} // namespace

std::string markdown_text() {
  std::string out{introduction};
  for (const auto& section : groups()) {
    out += "\n## " + std::string{section.title} + "\n\n"
           + std::string{section.help}
           + "\n\n| option | default | allowed | example | |\n"
             "|---|---|---|---|---|\n";
    for (const auto& row : options()) {
      if (group_of(row.name) != section.name)
        continue;
      out += "| " + code(row.name) + " | " + default_cell(row) + " | "
             + cell(allowed_cell(row)) + " | " + code(row.example) + " | "
             + notes_cell(row) + " |\n";
    }
    if (section.name == "llm")
      out += models;
  }
  out += secrets;
  return out;
}

} // namespace parley::config
