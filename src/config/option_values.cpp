// Values of options: from text into a field of the settings, and back.
#include <algorithm>
#include <optional>
#include <utility>

#include "chat/utf8.hpp"
#include "config/choices.hpp"
#include "config/options.hpp"
#include "config/quoting.hpp"
#include "config/values.hpp"

namespace parley::config {

namespace {

tl::unexpected<std::string> refuse(std::string clause) {
  return tl::unexpected<std::string>{std::move(clause)};
}

bool within(const option& row, double value) {
  return value >= static_cast<double>(row.min)
         && value <= static_cast<double>(row.max);
}

bool within(const option& row, std::uint64_t value) {
  return value >= row.min && value <= row.max;
}

tl::unexpected<std::string> out_of_bounds(const option& row) {
  return refuse("must be " + describe_bounds(row));
}

bool is_node_name(std::string_view name) {
  return name.size() <= 63 && std::ranges::all_of(name, [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
                  || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
         });
}

// -- text → field, one overload per type of field ----------------------------

parsed<std::string> parse(const option& row, std::string_view text,
                          std::type_identity<std::string>) {
  auto value =
    row.kind == value_kind::url ? parse_base_url(text) : parse_text(text);
  if (!value)
    return value;
  if (value->empty() && row.when_empty.empty())
    return refuse("must not be empty");
  if (row.kind == value_kind::node_name && !is_node_name(*value))
    return refuse("must be at most 63 letters, digits, dots, dashes and "
                  "underscores");
  if (utf8::length(*value) > row.max)
    return refuse("must have at most " + std::to_string(row.max)
                  + " characters");
  return value;
}

parsed<secret> parse(const option& row, std::string_view text,
                     std::type_identity<secret>) {
  if (text.size() > row.max)
    return refuse("must have at most " + std::to_string(row.max)
                  + " characters");
  return parse_secret(text);
}

parsed<bool> parse(const option&, std::string_view text,
                   std::type_identity<bool>) {
  return parse_boolean(text);
}

parsed<std::uint64_t> parse(const option& row, std::string_view text,
                            std::type_identity<std::uint64_t>) {
  auto value =
    row.kind == value_kind::bytes ? parse_bytes(text) : parse_count(text);
  if (value && !within(row, *value))
    return out_of_bounds(row);
  return value;
}

parsed<std::uint32_t> parse(const option& row, std::string_view text,
                            std::type_identity<std::uint32_t>) {
  auto value = parse(row, text, std::type_identity<std::uint64_t>{});
  if (!value)
    return refuse(value.error());
  if (*value > std::numeric_limits<std::uint32_t>::max())
    return refuse("is too large");
  return static_cast<std::uint32_t>(*value);
}

parsed<double> parse(const option& row, std::string_view text,
                     std::type_identity<double>) {
  auto value = parse_number(text);
  if (value && !within(row, *value))
    return out_of_bounds(row);
  return value;
}

parsed<milliseconds> parse(const option& row, std::string_view text,
                           std::type_identity<milliseconds>) {
  auto value = parse_duration(text);
  if (value && !within(row, static_cast<std::uint64_t>(value->count())))
    return out_of_bounds(row);
  return value;
}

parsed<endpoint> parse(const option&, std::string_view text,
                       std::type_identity<endpoint>) {
  return parse_endpoint(text);
}

parsed<std::optional<endpoint>>
parse(const option&, std::string_view text,
      std::type_identity<std::optional<endpoint>>) {
  if (text.empty())
    return std::optional<endpoint>{};
  auto value = parse_endpoint(text);
  if (!value)
    return refuse(value.error());
  return std::optional{*std::move(value)};
}

template <choice T>
parsed<T> parse(const option&, std::string_view text, std::type_identity<T>) {
  for (const auto& [name, value] : names_of(T{})) {
    if (name == text)
      return value;
  }
  return refuse("must be " + spellings<T>());
}

// No list of the table is longer in earnest; it bounds what is printed.
constexpr std::size_t max_items = 1'000;

template <class T>
parsed<std::vector<T>> parse_items(const option& row,
                                   const std::vector<std::string>& items) {
  if (items.size() > max_items)
    return refuse("must have at most " + std::to_string(max_items) + " items");
  std::vector<T> values;
  values.reserve(items.size());
  for (const auto& item : items) {
    if (item.empty())
      return refuse("must not have an empty item");
    auto value = parse(row, item, std::type_identity<T>{});
    if (!value)
      return refuse("item " + in_quotes(item) + ' ' + value.error());
    values.push_back(*std::move(value));
  }
  return values;
}

template <class T>
struct is_list : std::false_type {};
template <class T>
struct is_list<std::vector<T>> : std::true_type {};

template <class T>
parsed<T> parse_raw(const option& row, const raw_value& value) {
  const auto* text = std::get_if<std::string>(&value);
  if constexpr (is_list<T>::value)
    return parse_items<typename T::value_type>(
      row,
      text ? split_list(*text) : std::get<std::vector<std::string>>(value));
  else if (text)
    return parse(row, *text, std::type_identity<T>{});
  else
    return refuse("must be one value, not a list");
}

// -- field → text ------------------------------------------------------------

std::string to_text(const option&, const std::string& value) {
  return value;
}

std::string to_text(const option&, const secret& value) {
  return value.empty() ? "" : "***";
}

std::string to_text(const option&, bool value) {
  return value ? "true" : "false";
}

std::string to_text(const option& row, std::uint64_t value) {
  return print_amount(row, value);
}

std::string to_text(const option& row, std::uint32_t value) {
  return print_amount(row, value);
}

std::string to_text(const option&, double value) {
  return print(value);
}

std::string to_text(const option&, milliseconds value) {
  return print(value);
}

std::string to_text(const option&, const endpoint& value) {
  return print(value);
}

std::string to_text(const option&, const std::optional<endpoint>& value) {
  return value ? print(*value) : "";
}

template <choice T>
std::string to_text(const option&, T value) {
  for (const auto& [name, candidate] : names_of(value)) {
    if (candidate == value)
      return std::string{name};
  }
  return {};
}

template <class T>
std::string join(const option& row, const std::vector<T>& values,
                 std::string_view between, bool as_toml) {
  std::string result;
  for (const auto& value : values) {
    if (!result.empty())
      result += between;
    auto text = to_text(row, value);
    result += as_toml ? toml_string(text) : text;
  }
  return result;
}

// Fields are reached through `settings&`; printing only reads them.
template <class T>
const T& read(field_of<T> field, const settings& from) {
  return field(const_cast<settings&>(from));
}

} // namespace

tl::expected<void, std::string> assign(const option& row,
                                       const raw_value& value, settings& into) {
  auto set = [&row, &value,
              &into](auto field) -> tl::expected<void, std::string> {
    using type = std::remove_cvref_t<decltype(field(into))>;
    auto parsed_value = parse_raw<type>(row, value);
    if (!parsed_value)
      return refuse(parsed_value.error());
    field(into) = *std::move(parsed_value);
    return {};
  };
  return std::visit(set, row.field);
}

std::string shown(const option& row, const settings& from) {
  auto print_field = [&row, &from]<class T>(field_of<T> field) {
    const auto& value = read<T>(field, from);
    if constexpr (is_list<T>::value)
      return join(row, value, ",", false);
    else
      return to_text(row, value);
  };
  return std::visit(print_field, row.field);
}

std::string shown_as_toml(const option& row, const settings& from) {
  auto print_field = [&row, &from]<class T>(field_of<T> field) {
    const auto& value = read<T>(field, from);
    if constexpr (is_list<T>::value)
      return '[' + join(row, value, ", ", true) + ']';
    else if constexpr (std::is_arithmetic_v<T>)
      return row.kind == value_kind::bytes ? toml_string(to_text(row, value))
                                           : to_text(row, value);
    else
      return toml_string(to_text(row, value));
  };
  return std::visit(print_field, row.field);
}

} // namespace parley::config
