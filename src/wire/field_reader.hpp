// Reads the members of a JSON object that a client sent, one by one, and keeps
// the first thing that is wrong with them. Private to wire/.
//
// Each getter returns nothing where the member is absent, null or wrong; the
// caller goes on and asks `finish` in the end, which also refuses members that
// nobody asked for.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "chat/message.hpp"
#include "chat/result.hpp"

namespace parley::wire {

inline constexpr std::uint64_t unlimited =
  std::numeric_limits<std::uint64_t>::max();

class field_reader {
public:
  // `object` must outlive the reader. `path` stands before every name that an
  // error tells: "messages[3]." or nothing. A value that is not an object is
  // the first error.
  explicit field_reader(const nlohmann::json& object, std::string path = {});

  // True when the member is there, null or not.
  [[nodiscard]] bool has(std::string_view name) const;

  // The member itself; null where it is absent or null.
  [[nodiscard]] const nlohmann::json* value(std::string_view name);

  // Length in code points.
  [[nodiscard]] std::optional<std::string>
  text(std::string_view name, std::uint64_t min_chars = 0,
       std::uint64_t max_chars = unlimited);
  // A number without a fraction: 5 and 5.0.
  [[nodiscard]] std::optional<std::int64_t>
  integer(std::string_view name, std::int64_t min, std::int64_t max);
  [[nodiscard]] std::optional<double> number(std::string_view name, double min,
                                             double max);
  [[nodiscard]] std::optional<bool> boolean(std::string_view name);
  // An object of strings within the limits of API §1.
  [[nodiscard]] std::optional<parley::metadata> metadata(std::string_view name);
  // A string or an array of strings.
  [[nodiscard]] std::vector<std::string>
  texts(std::string_view name, std::size_t max_count, std::uint64_t max_chars);

  // An optional member's text, or nothing as the empty text.
  [[nodiscard]] std::string text_or_empty(std::string_view name,
                                          std::uint64_t max_chars = unlimited) {
    return text(name, 0, max_chars).value_or(std::string{});
  }

  // Notes an error of the caller's own: `name` "must be …".
  void refuse(std::string_view name, std::string_view must,
              errc code = errc::invalid_request);
  void refuse(error what);
  // Refuses a member that is absent or null.
  void require(std::string_view name);

  [[nodiscard]] bool failed() const noexcept {
    return error_.has_value();
  }
  // The first error, where unknown members are fine.
  [[nodiscard]] result<void> check();
  // The first error, or the first unknown member.
  [[nodiscard]] result<void> finish();

private:
  const nlohmann::json* object_;
  std::string path_;
  std::vector<std::string_view> known_;
  std::optional<error> error_;
};

// The integer that a JSON number stands for, if it is one and fits.
[[nodiscard]] std::optional<std::int64_t>
integer_of(const nlohmann::json& value);

} // namespace parley::wire
