// Finds values in JSON by their name's text, without parsing it. Good enough
// between programs that print their JSON themselves: quotes inside texts are
// escaped there, so a name in quotes is a name.
#pragma once

#include <string_view>

namespace parley::bench {

/// What stands between `opening` (such as `"content":"`) and the next quote
/// that is not escaped, still in JSON's spelling; empty when `opening` is not
/// there. The fast one: no blanks are expected around the colon.
std::string_view json_text(std::string_view json, std::string_view opening);

/// The text of the member with this name, blanks around its colon or not.
std::string_view json_member(std::string_view json, std::string_view name);

/// True when the member is there and is `true`.
bool json_is_true(std::string_view json, std::string_view name);

} // namespace parley::bench
