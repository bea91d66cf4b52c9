#include "wire/field_reader.hpp"

#include <algorithm>
#include <cmath>

#include "chat/limits.hpp"
#include "chat/utf8.hpp"

namespace parley::wire {

namespace {

using nlohmann::json;

std::string number_text(double value) {
  return json(value).dump();
}

std::string number_text(std::int64_t value) {
  return std::to_string(value);
}

template <class T>
std::string range_text(std::string_view what, T min, T max) {
  auto text = std::string{what};
  if (max == std::numeric_limits<T>::max())
    return min == std::numeric_limits<T>::min()
             ? text
             : text + " of at least " + number_text(min);
  return text + " from " + number_text(min) + " to " + number_text(max);
}

bool is_within(std::string_view text, std::uint64_t min, std::uint64_t max) {
  const auto chars = utf8::length(text);
  return chars >= min && chars <= max;
}

} // namespace

std::optional<std::int64_t> integer_of(const json& value) {
  if (value.is_number_unsigned()) {
    const auto number = value.get<std::uint64_t>();
    if (number > std::numeric_limits<std::int64_t>::max())
      return std::nullopt;
    return static_cast<std::int64_t>(number);
  }
  if (value.is_number_integer())
    return value.get<std::int64_t>();
  if (!value.is_number_float())
    return std::nullopt;
  const auto number = value.get<double>();
  if (number != std::floor(number) || number < -0x1p63 || number >= 0x1p63)
    return std::nullopt;
  return static_cast<std::int64_t>(number);
}

field_reader::field_reader(const json& object, std::string path)
  : object_{&object}, path_{std::move(path)} {
  if (object.is_object())
    return;
  if (path_.empty())
    refuse({errc::invalid_request,
            "the body must be a JSON object",
            {},
            {},
            std::nullopt});
  else
    refuse("", "an object");
}

bool field_reader::has(std::string_view name) const {
  return object_->is_object() && object_->find(name) != object_->end();
}

const json* field_reader::value(std::string_view name) {
  known_.push_back(name);
  if (!object_->is_object())
    return nullptr;
  const auto found = object_->find(name);
  return found == object_->end() || found->is_null() ? nullptr : &*found;
}

std::optional<std::string> field_reader::text(std::string_view name,
                                              std::uint64_t min_chars,
                                              std::uint64_t max_chars) {
  const auto* found = value(name);
  if (found == nullptr)
    return std::nullopt;
  if (!found->is_string()) {
    refuse(name, "a string");
    return std::nullopt;
  }
  const auto& text = found->get_ref<const std::string&>();
  const bool is_bounded = min_chars > 0 || max_chars != unlimited;
  if (is_bounded && !is_within(text, min_chars, max_chars)) {
    if (max_chars == unlimited)
      refuse(name, "a string that is not empty");
    else
      refuse(name, "a string of " + std::to_string(min_chars) + " to "
                     + std::to_string(max_chars) + " characters");
    return std::nullopt;
  }
  return text;
}

std::optional<std::int64_t> field_reader::integer(std::string_view name,
                                                  std::int64_t min,
                                                  std::int64_t max) {
  const auto* found = value(name);
  if (found == nullptr)
    return std::nullopt;
  const auto number = integer_of(*found);
  if (!number || *number < min || *number > max) {
    refuse(name, range_text("an integer", min, max));
    return std::nullopt;
  }
  return number;
}

std::optional<double> field_reader::number(std::string_view name, double min,
                                           double max) {
  const auto* found = value(name);
  if (found == nullptr)
    return std::nullopt;
  if (found->is_number()) {
    const auto number = found->get<double>();
    if (number >= min && number <= max)
      return number;
  }
  refuse(name, range_text("a number", min, max));
  return std::nullopt;
}

std::optional<bool> field_reader::boolean(std::string_view name) {
  const auto* found = value(name);
  if (found == nullptr)
    return std::nullopt;
  if (!found->is_boolean()) {
    refuse(name, "true or false");
    return std::nullopt;
  }
  return found->get<bool>();
}

std::optional<metadata> field_reader::metadata(std::string_view name) {
  const auto* found = value(name);
  if (found == nullptr)
    return std::nullopt;
  if (!found->is_object() || found->size() > limits::max_metadata_pairs) {
    refuse(name, "an object of at most "
                   + std::to_string(limits::max_metadata_pairs) + " strings");
    return std::nullopt;
  }
  parley::metadata pairs;
  for (const auto& [key, text] : found->get_ref<const json::object_t&>()) {
    const bool fits = text.is_string()
                      && is_within(key, 0, limits::max_metadata_key_chars)
                      && is_within(text.get_ref<const std::string&>(), 0,
                                   limits::max_metadata_value_chars);
    if (!fits) {
      refuse(name, "an object of strings: names of at most "
                     + std::to_string(limits::max_metadata_key_chars)
                     + " characters, values of at most "
                     + std::to_string(limits::max_metadata_value_chars));
      return std::nullopt;
    }
    pairs.emplace(key, text.get_ref<const std::string&>());
  }
  return pairs;
}

std::vector<std::string> field_reader::texts(std::string_view name,
                                             std::size_t max_count,
                                             std::uint64_t max_chars) {
  const auto* found = value(name);
  if (found == nullptr)
    return {};
  const auto is_text = [max_chars](const json& x) {
    return x.is_string()
           && is_within(x.get_ref<const std::string&>(), 1, max_chars);
  };
  if (is_text(*found))
    return {found->get<std::string>()};
  const bool fits = found->is_array() && found->size() <= max_count
                    && std::all_of(found->begin(), found->end(), is_text);
  if (!fits) {
    refuse(name, "a string or an array of at most " + std::to_string(max_count)
                   + " strings, each of 1 to " + std::to_string(max_chars)
                   + " characters");
    return {};
  }
  return found->get<std::vector<std::string>>();
}

void field_reader::refuse(std::string_view name, std::string_view must,
                          errc code) {
  auto field = path_ + std::string{name};
  if (field.ends_with('.'))
    field.pop_back();
  auto detail = "`" + field + "` must be " + std::string{must};
  refuse({code, std::move(detail), std::move(field), {}, std::nullopt});
}

void field_reader::refuse(error what) {
  if (!error_)
    error_ = std::move(what);
}

void field_reader::require(std::string_view name) {
  if (!object_->is_object())
    return;
  const auto found = object_->find(name);
  if (found != object_->end() && !found->is_null())
    return;
  const auto field = path_ + std::string{name};
  refuse({errc::invalid_request,
          "`" + field + "` is missing",
          field,
          {},
          std::nullopt});
}

result<void> field_reader::check() {
  if (error_)
    return fail(std::move(*error_));
  return {};
}

result<void> field_reader::finish() {
  if (error_)
    return check();
  for (const auto& [name, value] : object_->get_ref<const json::object_t&>()) {
    if (std::find(known_.begin(), known_.end(), name) != known_.end())
      continue;
    constexpr std::uint64_t max_shown_chars = 64;
    const auto field =
      path_ + name.substr(0, utf8::prefix_bytes(name, max_shown_chars));
    return fail(errc::invalid_request, "`" + field + "` is not a known field",
                field);
  }
  return {};
}

} // namespace parley::wire
