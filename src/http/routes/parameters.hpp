// What requests say outside of their bodies: headers, query, ids in paths. Pure
// functions; what is wrong is an error whose detail names the parameter.
// Unknown query parameters are ignored; of a repeated one the first counts.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "chat/event.hpp"
#include "chat/id.hpp"
#include "chat/result.hpp"
#include "http/exchange.hpp"

namespace parley::http::routes {

// `Idempotency-Key`: 1 … 255 visible ASCII bytes; absent: empty.
[[nodiscard]] result<std::string> idempotency_key(const request& what);

// `?event_ids=true|false`; absent: false.
[[nodiscard]] result<bool> wants_event_ids(const request& what);

// `Last-Event-ID`, else `?last_event_id`, as a number of at most 16 digits;
// absent: 0. The empty header is absent, because EventSource never sends one.
// Fails with errc::invalid_cursor.
[[nodiscard]] result<seq_t> last_event_id(const request& what);

// `?limit=`: 1 … limits::max_page_size, digits only.
[[nodiscard]] result<std::uint32_t> page_limit(const request& what);

// `?cursor=`: opaque; the store judges it. Absent or empty: the beginning.
[[nodiscard]] std::string page_cursor(const request& what);

// `?order=asc|desc`: true for desc; absent: `asc`.
[[nodiscard]] result<bool> descending_order(const request& what);

enum class export_format { json, markdown };

// `?format=json|markdown`; absent: json.
[[nodiscard]] result<export_format> format_of_export(const request& what);

// An id from a path. What can be no id of ours is not found, with `code`.
template <class Id>
[[nodiscard]] result<Id> id_from_path(std::string_view text, errc code) {
  if (auto id = Id::parse(text))
    return *std::move(id);
  return fail(code, "The id in the path is not one of this server's; they "
                    "begin with \""
                      + std::string{Id::prefix} + "\".");
}

[[nodiscard]] inline result<conversation_id>
conversation_from_path(std::string_view text) {
  return id_from_path<conversation_id>(text, errc::conversation_not_found);
}

[[nodiscard]] inline result<stream_id> stream_from_path(std::string_view text) {
  return id_from_path<stream_id>(text, errc::stream_not_found);
}

} // namespace parley::http::routes
