// `--help`.
#include "config/options.hpp"
#include "config/printing.hpp"

namespace parley::config {

namespace {

constexpr std::size_t columns = 80;

// Words of `text` in lines of at most 80 columns. ASCII only, so bytes count.
void append_wrapped(std::string& out, std::string_view text,
                    std::size_t indent) {
  std::string margin(indent, ' ');
  std::size_t column = 0; // 0: no line has begun
  while (!text.empty()) {
    auto word = text.substr(0, text.find(' '));
    text.remove_prefix(std::min(text.size(), word.size() + 1));
    if (column > 0 && column + 1 + word.size() > columns) {
      out += '\n';
      column = 0;
    }
    out += column == 0 ? margin : " ";
    column += (column == 0 ? indent : 1) + word.size();
    out += word;
  }
  out += '\n';
}

std::string placeholder(const option& row) {
  switch (row.kind) {
  case value_kind::boolean:
    return "true|false";
  case value_kind::count:
  case value_kind::number:
    return "N";
  case value_kind::bytes:
    return "SIZE";
  case value_kind::duration:
    return "TIME";
  case value_kind::endpoint:
    return "HOST:PORT";
  case value_kind::endpoint_list:
    return "HOST:PORT,...";
  case value_kind::text_list:
    return "A,B,...";
  case value_kind::url:
    return "URL";
  case value_kind::path:
    return "PATH";
  case value_kind::choice:
    return "CHOICE";
  default:
    return "NAME";
  }
}

std::string heading(const option& row) {
  if (row.from == sources::environment_only)
    return environment_name(row.name) + "=... (environment only)";
  return "--" + std::string{row.name} + '=' + placeholder(row);
}

// "Default: 30s. 1ms to 1h."
std::string facts(const option& row) {
  auto value = shown(row, settings{});
  std::string text = "Default: ";
  auto special =
    !row.when_empty.empty() && (value.empty() || value == "0" || value == "0s");
  if (special)
    text += value.empty() ? std::string{row.when_empty}
                          : value + " (" + std::string{row.when_empty} + ')';
  else
    text += value + (row.unit.empty() ? "" : ' ' + std::string{row.unit});
  text += '.';
  if (row.kind == value_kind::choice)
    text += " One of " + describe(row) + '.';
  if (auto bounds = describe_bounds(row); !bounds.empty())
    text += ' ' + bounds + '.';
  if (!special && !row.when_empty.empty())
    text += (describe_bounds(row).empty() ? " Empty: " : " 0: ")
            + std::string{row.when_empty} + '.';
  return text;
}

} // namespace

std::string help_text() {
  std::string out = "Usage: parley [--option=value]...\n\n";
  append_wrapped(out,
                 "Parley serves chats: a message in, a streamed and stored "
                 "answer out. Without any option it listens on "
                 "127.0.0.1:8080 and answers with a built-in model.",
                 0);
  out += '\n';
  append_wrapped(out,
                 "Every option can also be set in the environment "
                 "(http.listen as PARLEY_HTTP_LISTEN) and in a TOML file "
                 "(listen = \"...\" under [http]). The command line wins over "
                 "the environment, the environment over the file.",
                 0);
  out += "\n"
         "  -h, --help     print this text\n"
         "  --version      print the version\n"
         "  --config-dump  print the settings in effect as TOML, and where "
         "they come from\n"
         "  --config-docs  print the options as Markdown\n"
         "\n";
  append_wrapped(out,
                 "TIME is a whole number with ms, s, m or h, as in 30s. SIZE "
                 "is a number of bytes, or a number with KiB, MiB or GiB.",
                 0);
  for (const auto& section : groups()) {
    out += '\n' + std::string{section.title} + '\n';
    for (const auto& row : options()) {
      if (group_of(row.name) != section.name)
        continue;
      out += "  " + heading(row) + '\n';
      append_wrapped(out, row.help, 6);
      append_wrapped(out, facts(row), 6);
    }
  }
  out += '\n';
  append_wrapped(out,
                 "Exit codes: 0 after a clean end, 2 when the options are "
                 "wrong, 3 when the data folder cannot be used, 4 when the "
                 "address cannot be listened on, 70 after a defect.",
                 0);
  return out;
}

} // namespace parley::config
