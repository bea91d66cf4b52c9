// The parts that several record values have in common (codec.hpp). Each
// `read_…` takes the current field of a reader and rejects it where it is no
// such value.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "chat/message.hpp"
#include "chat/result.hpp"
#include "chat/stream_log.hpp"
#include "storage/tlv.hpp"

namespace parley::storage::parts {

// -- one value -------------------------------------------------------------

// The characters behind an id's prefix; empty for the empty id.
template <class Id>
std::string_view body_of(const Id& id) {
  std::string_view text = id.str();
  return text.empty() ? text : text.substr(Id::prefix.size());
}

template <class Id>
void read_id(field_reader& in, Id& x) {
  std::string text{Id::prefix};
  text += in.text();
  auto id = Id::parse(text);
  if (!id)
    return in.reject();
  x = *std::move(id);
}

template <class Enum>
void read_enum(field_reader& in, Enum& x) {
  auto value = in.number();
  if (value > static_cast<std::uint64_t>(Enum::last))
    return in.reject();
  x = static_cast<Enum>(value);
}

template <class Enum>
std::uint64_t number_of(Enum x) {
  return static_cast<std::uint64_t>(x);
}

// Text that is put together again or cut between characters later: those
// functions rely on it being UTF-8.
void read_utf8(field_reader& in, std::string& x);
void read_time(field_reader& in, timestamp& x);

// -- values with fields of their own ---------------------------------------

void put_metadata(field_writer& out, std::uint32_t field, const metadata& x);
void read_metadata(field_reader& in, metadata& x);

[[nodiscard]] std::string fields_of(const tool_call& x);
void read_tool_call(field_reader& outer, tool_call& x);

[[nodiscard]] std::string fields_of(const usage& x);
void read_usage(field_reader& outer, usage& x);

[[nodiscard]] std::string fields_of(const error_event& x);
void read_error(field_reader& outer, error_event& x);

[[nodiscard]] std::string fields_of(const layout_run& x);
void read_layout_run(field_reader& outer, layout_run& x);

[[nodiscard]] std::string fields_of(const log_entry& x);
void read_log_entry(field_reader& outer, log_entry& x);

// -- records ---------------------------------------------------------------

// Takes the type letter off; false when it is another.
[[nodiscard]] bool is_type(std::string_view& bytes, char type);

// `id` may be empty.
[[nodiscard]] tl::unexpected<error> corrupt(std::string_view kind,
                                            std::string_view id);

} // namespace parley::storage::parts
