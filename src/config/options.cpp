#include "config/options.hpp"

#include <algorithm>
#include <type_traits>

#include "config/choices.hpp"
#include "config/values.hpp"

namespace parley::config {

const option* find_option(std::string_view name) {
  auto found = std::ranges::find(options(), name, &option::name);
  return found == options().end() ? nullptr : &*found;
}

std::string_view group_of(std::string_view name) {
  auto dot = name.find('.');
  return dot == std::string_view::npos ? std::string_view{}
                                       : name.substr(0, dot);
}

std::string environment_name(std::string_view name) {
  std::string result = "PARLEY_";
  for (auto c : name) {
    if (c == '.' || c == '-')
      result += '_';
    else if (c >= 'a' && c <= 'z')
      result += static_cast<char>(c - 'a' + 'A');
    else
      result += c;
  }
  return result;
}

std::string describe(const option& row) {
  switch (row.kind) {
  case value_kind::text:
    return "text";
  case value_kind::path:
    return "path";
  case value_kind::url:
    return "URL";
  case value_kind::node_name:
    return "name";
  case value_kind::boolean:
    return "true or false";
  case value_kind::count:
    return "count";
  case value_kind::bytes:
    return "bytes";
  case value_kind::number:
    return "number";
  case value_kind::duration:
    return "duration";
  case value_kind::endpoint:
    return "host:port";
  case value_kind::endpoint_list:
    return "list of host:port";
  case value_kind::text_list:
    return "list";
  case value_kind::secret:
    return "secret";
  case value_kind::choice:
    break;
  }
  auto name = [](auto field) {
    using type =
      std::remove_cvref_t<std::invoke_result_t<decltype(field), settings&>>;
    if constexpr (choice<type>)
      return spellings<type>();
    else
      return std::string{};
  };
  return std::visit(name, row.field);
}

std::string print_amount(const option& row, std::uint64_t value) {
  switch (row.kind) {
  case value_kind::duration:
    return print(milliseconds{static_cast<std::int64_t>(value)});
  case value_kind::bytes:
    return print_bytes(value);
  default:
    return std::to_string(value);
  }
}

std::string describe_bounds(const option& row) {
  auto numeric = row.kind == value_kind::count || row.kind == value_kind::bytes
                 || row.kind == value_kind::number
                 || row.kind == value_kind::duration;
  if (!numeric)
    return {};
  return print_amount(row, row.min) + " to " + print_amount(row, row.max);
}

} // namespace parley::config
