// What is printed from the option table.
#pragma once

#include <string>
#include <vector>

#include "config/settings.hpp"
#include "config/sources.hpp"

namespace parley::config {

// `--help`: every option with its default, at most 80 columns.
[[nodiscard]] std::string help_text();

// `--config-docs`: docs/configuration.md.
[[nodiscard]] std::string markdown_text();

// `--config-dump`: a TOML file that loads to the same settings, with the source
// of each value as a comment. Secrets, and options that a file cannot set, are
// comments. `origins` is parallel to `options()`.
[[nodiscard]] std::string dump_text(const settings& values,
                                    const std::vector<origin>& origins,
                                    const origin& origin_of_models);

} // namespace parley::config
