// From a file, the environment and the command line to `settings`.
//
// The command line wins over the environment, the environment over the file,
// the file over the defaults. What is wrong in a lower source is refused even
// where a higher one overrides it. All errors are reported together.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <tl/expected.hpp>

#include "config/settings.hpp"

namespace parley::config {

// Everything that loading looks at, so that it is a pure function.
struct load_input {
  std::vector<std::string> arguments; // without the program's name
  // Only names that begin with PARLEY_ matter.
  std::map<std::string, std::string> environment;
  // A file's bytes, or the reason why there are none ("No such file or
  // directory").
  std::function<tl::expected<std::string, std::string>(const std::string& path)>
    read_file;
};

// Start with these.
struct loaded {
  settings values;
};

// Print on standard output and exit with 0: --help, --version and the like.
struct printed {
  std::string text; // ends with a newline
};

// Print on standard error and exit with `exit_code`. Never holds a secret.
struct refused {
  static constexpr int exit_code = 2;

  std::string text; // a line per error; ends with a newline
};

using load_result = std::variant<loaded, printed, refused>;

[[nodiscard]] load_result load(const load_input& input);

// -- the process's own input -------------------------------------------------

// The arguments behind `argv[0]`, the environment, and `read_text_file`.
[[nodiscard]] load_input input_of_process(int argc, const char* const* argv);

// Reads at most 1 MiB, which no configuration or key comes near; more is
// refused.
[[nodiscard]] tl::expected<std::string, std::string>
read_text_file(const std::string& path);

} // namespace parley::config
