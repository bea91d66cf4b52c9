#include "config/sources.hpp"

namespace parley::config {

std::string complaint(const assignment& what, std::string_view clause) {
  // A URL with an @ may hold a password.
  auto hidden = what.row->secret
                || (what.row->kind == value_kind::url
                    && what.shown.find('@') != std::string::npos);
  std::string result{what.row->name};
  if (!hidden)
    result += " = " + what.shown;
  result += " (" + what.where.text + "): ";
  result += clause;
  return result;
}

std::string_view refusal(const option& row, source from) {
  if (row.from == sources::environment_only && from != source::environment)
    return "is a secret and cannot be set here; use llm.api-key-file, or the "
           "environment variable PARLEY_LLM_API_KEY";
  if (row.from == sources::outside_the_file && from == source::file)
    return "cannot be set in the file itself";
  return {};
}

} // namespace parley::config
