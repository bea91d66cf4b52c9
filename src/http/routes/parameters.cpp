#include "http/routes/parameters.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

#include "chat/limits.hpp"

namespace parley::http::routes {

namespace {

// Decimal digits only, at most 16 of them, so that every value fits.
std::optional<std::uint64_t> number_from(std::string_view text) {
  constexpr std::size_t max_digits = 16;
  const auto is_digit = [](char c) {
    return c >= '0' && c <= '9';
  };
  if (text.empty() || text.size() > max_digits
      || !std::all_of(text.begin(), text.end(), is_digit))
    return std::nullopt;
  std::uint64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

bool is_visible_ascii(char c) {
  return c > ' ' && c <= '~';
}

// A reader that was told an error beside the stream comes back with its number.
[[nodiscard]] seq_t behind_detached(seq_t cursor) {
  constexpr auto end = limits::detached_seq + limits::max_seq;
  return cursor >= limits::detached_seq && cursor <= end
           ? cursor - limits::detached_seq
           : cursor;
}

} // namespace

result<std::string> idempotency_key(const request& what) {
  const auto key = what.header("idempotency-key");
  if (!key)
    return std::string{};
  const auto is_key = [](const auto& field) {
    return field.first == "idempotency-key";
  };
  // Whichever of two were taken, the client may have meant the other one.
  if (std::count_if(what.headers.begin(), what.headers.end(), is_key) > 1)
    return fail(errc::invalid_request,
                "The header Idempotency-Key is there more than once.",
                "Idempotency-Key");
  if (key->empty() || key->size() > limits::max_idempotency_key_bytes
      || !std::all_of(key->begin(), key->end(), is_visible_ascii))
    return fail(errc::invalid_request,
                "The header Idempotency-Key takes 1 to 255 visible ASCII "
                "characters.",
                "Idempotency-Key");
  return std::string{*key};
}

result<bool> wants_event_ids(const request& what) {
  const auto text = what.query_value("event_ids");
  if (!text || *text == "false")
    return false;
  if (*text == "true")
    return true;
  return fail(errc::invalid_request,
              "The query parameter event_ids is \"true\" or \"false\".",
              "event_ids");
}

result<seq_t> last_event_id(const request& what) {
  auto text = what.header("last-event-id");
  std::string name = "Last-Event-ID";
  if (!text || text->empty()) {
    text = what.query_value("last_event_id");
    name = "last_event_id";
  }
  if (!text)
    return seq_t{0};
  if (const auto value = number_from(*text))
    return behind_detached(*value);
  return fail(errc::invalid_cursor,
              name + " is the seq of a frame: a number of at most 16 digits.",
              name);
}

result<std::uint32_t> page_limit(const request& what) {
  const auto text = what.query_value("limit");
  if (!text)
    return static_cast<std::uint32_t>(limits::default_page_size);
  const auto value = number_from(*text);
  if (value && *value >= 1 && *value <= limits::max_page_size)
    return static_cast<std::uint32_t>(*value);
  return fail(errc::invalid_request,
              "The query parameter limit is a number from 1 to "
                + std::to_string(limits::max_page_size) + ".",
              "limit");
}

std::string page_cursor(const request& what) {
  return std::string{what.query_value("cursor").value_or("")};
}

result<bool> descending_order(const request& what) {
  const auto text = what.query_value("order");
  if (!text || *text == "asc")
    return false;
  if (*text == "desc")
    return true;
  return fail(errc::invalid_request,
              "The query parameter order is \"asc\" or \"desc\".", "order");
}

result<export_format> format_of_export(const request& what) {
  const auto text = what.query_value("format");
  if (!text || *text == "json")
    return export_format::json;
  if (*text == "markdown")
    return export_format::markdown;
  return fail(errc::invalid_request,
              "The query parameter format is \"json\" or \"markdown\".",
              "format");
}

} // namespace parley::http::routes
