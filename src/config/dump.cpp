// `--config-dump`.
#include "config/options.hpp"
#include "config/printing.hpp"
#include "config/quoting.hpp"
#include "config/values.hpp"

namespace parley::config {

namespace {

// Origins hold paths, which may hold anything.
std::string comment(const origin& where) {
  std::string out = "# ";
  append_escaped(out, where.text);
  return out;
}

std::string line_of(const option& row, const settings& values,
                    const origin& where) {
  auto group = group_of(row.name);
  auto key = group.empty() ? row.name : row.name.substr(group.size() + 1);
  auto setting = std::string{key} + " = " + shown_as_toml(row, values);
  // A file that names itself, or holds a secret, would be refused.
  if (row.from != sources::everywhere)
    setting.insert(0, "# ");
  return setting + "  " + comment(where) + '\n';
}

} // namespace

std::string dump_text(const settings& values,
                      const std::vector<origin>& origins,
                      const origin& origin_of_models) {
  std::string out;
  for (const auto& section : groups()) {
    if (!section.name.empty())
      out += "\n[" + std::string{section.name} + "]\n";
    for (std::size_t i = 0; i < options().size(); ++i) {
      const auto& row = options()[i];
      if (group_of(row.name) == section.name)
        out += line_of(row, values, origins[i]);
    }
  }
  for (const auto& entry : values.models) {
    out += "\n[[models]]  " + comment(origin_of_models)
           + "\nname = " + toml_string(entry.name) + '\n';
    if (!entry.upstream.empty())
      out += "upstream = " + toml_string(entry.upstream) + '\n';
  }
  return out;
}

} // namespace parley::config
