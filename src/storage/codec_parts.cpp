#include "storage/codec_parts.hpp"

#include <limits>
#include <utility>

#include "chat/stream_record.hpp"
#include "chat/utf8.hpp"

namespace parley::storage::parts {

// Numbers on disk: an enumerator keeps its number for ever, new ones are
// appended. Error codes are kept as their text, which is a promise already.
static_assert(static_cast<int>(role::system) == 0);
static_assert(static_cast<int>(role::user) == 1);
static_assert(static_cast<int>(role::assistant) == 2);
static_assert(static_cast<int>(role::tool) == 3);
static_assert(static_cast<int>(message_status::complete) == 0);
static_assert(static_cast<int>(message_status::generating) == 1);
static_assert(static_cast<int>(message_status::truncated) == 2);
static_assert(static_cast<int>(message_status::cancelled) == 3);
static_assert(static_cast<int>(message_status::failed) == 4);
static_assert(static_cast<int>(message_status::interrupted) == 5);
static_assert(static_cast<int>(finish_reason::none) == 0);
static_assert(static_cast<int>(finish_reason::stop) == 1);
static_assert(static_cast<int>(finish_reason::length) == 2);
static_assert(static_cast<int>(finish_reason::cancelled) == 3);
static_assert(static_cast<int>(finish_reason::tool_calls) == 4);
static_assert(static_cast<int>(finish_reason::content_filter) == 5);
static_assert(static_cast<int>(stream_status::queued) == 0);
static_assert(static_cast<int>(stream_status::generating) == 1);
static_assert(static_cast<int>(stream_status::complete) == 2);
static_assert(static_cast<int>(stream_status::truncated) == 3);
static_assert(static_cast<int>(stream_status::cancelled) == 4);
static_assert(static_cast<int>(stream_status::failed) == 5);
static_assert(static_cast<int>(stream_status::interrupted) == 6);
static_assert(static_cast<int>(log_entry::kind_t::content) == 0);
static_assert(static_cast<int>(log_entry::kind_t::reasoning) == 1);
static_assert(static_cast<int>(log_entry::kind_t::tool_call) == 2);
static_assert(static_cast<int>(log_entry::kind_t::reset) == 3);
static_assert(static_cast<int>(layout_run::kind_t::content) == 0);
static_assert(static_cast<int>(layout_run::kind_t::reasoning) == 1);
static_assert(static_cast<int>(layout_run::kind_t::tool_call) == 2);
static_assert(static_cast<int>(layout_run::kind_t::reset) == 3);
static_assert(static_cast<int>(layout_run::kind_t::discarded) == 4);

void read_utf8(field_reader& in, std::string& x) {
  auto text = in.text();
  if (!utf8::is_valid(text))
    return in.reject();
  x = text;
}

void read_time(field_reader& in, timestamp& x) {
  x.ms = in.signed_number();
}

// -- parts of records ------------------------------------------------------

void put_metadata(field_writer& out, std::uint32_t field, const metadata& x) {
  for (const auto& [key, value] : x) {
    std::string pair;
    field_writer fields{pair};
    fields.text(1, key);
    fields.text(2, value);
    out.present_text(field, pair);
  }
}

void read_metadata(field_reader& in, metadata& x) {
  field_reader pair{in.text()};
  std::string key;
  std::string value;
  while (pair.next()) {
    switch (pair.field()) {
    case 1:
      read_utf8(pair, key);
      break;
    case 2:
      read_utf8(pair, value);
      break;
    default:
      break;
    }
  }
  if (!pair.ok())
    return in.reject();
  x.insert_or_assign(std::move(key), std::move(value));
}

std::string fields_of(const tool_call& x) {
  std::string bytes;
  field_writer out{bytes};
  out.number(1, x.index);
  out.text(2, x.id);
  out.text(3, x.name);
  out.text(4, x.arguments);
  return bytes;
}

void read_tool_call(field_reader& outer, tool_call& x) {
  field_reader in{outer.text()};
  while (in.next()) {
    switch (in.field()) {
    case 1:
      if (in.number() > std::numeric_limits<std::uint32_t>::max())
        in.reject();
      else
        x.index = static_cast<std::uint32_t>(in.number());
      break;
    case 2:
      read_utf8(in, x.id);
      break;
    case 3:
      read_utf8(in, x.name);
      break;
    case 4:
      read_utf8(in, x.arguments);
      break;
    default:
      break;
    }
  }
  if (!in.ok())
    outer.reject();
}

std::string fields_of(const usage& x) {
  std::string bytes;
  field_writer out{bytes};
  out.number(1, x.prompt_tokens);
  out.number(2, x.completion_tokens);
  // Inverted, so that the default is the field that is absent.
  out.number(3, x.estimated ? 0 : 1);
  return bytes;
}

void read_usage(field_reader& outer, usage& x) {
  field_reader in{outer.text()};
  while (in.next()) {
    switch (in.field()) {
    case 1:
      x.prompt_tokens = in.number();
      break;
    case 2:
      x.completion_tokens = in.number();
      break;
    case 3:
      x.estimated = in.number() == 0;
      break;
    default:
      break;
    }
  }
  if (!in.ok())
    outer.reject();
}

std::string fields_of(const error_event& x) {
  std::string bytes;
  field_writer out{bytes};
  out.text(1, to_string(x.code));
  out.text(2, x.text);
  out.number(3, x.retryable ? 1 : 0);
  out.number(4, x.seq);
  return bytes;
}

void read_error(field_reader& outer, error_event& x) {
  field_reader in{outer.text()};
  while (in.next()) {
    switch (in.field()) {
    case 1:
      x.code = errc_from_string(in.text());
      // A code of a newer version.
      if (x.code == errc::none)
        x.code = errc::internal;
      break;
    case 2:
      read_utf8(in, x.text);
      break;
    case 3:
      x.retryable = in.number() != 0;
      break;
    case 4:
      x.seq = in.number();
      break;
    default:
      break;
    }
  }
  if (!in.ok())
    outer.reject();
}

std::string fields_of(const layout_run& x) {
  std::string bytes;
  field_writer out{bytes};
  out.number(1, number_of(x.kind));
  out.number(2, x.length);
  out.text(3, fields_of(x.delta));
  return bytes;
}

void read_layout_run(field_reader& outer, layout_run& x) {
  field_reader in{outer.text()};
  while (in.next()) {
    switch (in.field()) {
    case 1:
      read_enum(in, x.kind);
      break;
    case 2:
      x.length = in.number();
      break;
    case 3:
      read_tool_call(in, x.delta);
      break;
    default:
      break;
    }
  }
  if (!in.ok())
    outer.reject();
}

std::string fields_of(const log_entry& x) {
  std::string bytes;
  field_writer out{bytes};
  out.number(1, number_of(x.kind));
  out.text(2, x.text);
  out.text(3, fields_of(x.delta));
  return bytes;
}

void read_log_entry(field_reader& outer, log_entry& x) {
  field_reader in{outer.text()};
  while (in.next()) {
    switch (in.field()) {
    case 1:
      read_enum(in, x.kind);
      break;
    case 2:
      read_utf8(in, x.text);
      break;
    case 3:
      read_tool_call(in, x.delta);
      break;
    default:
      break;
    }
  }
  if (!in.ok())
    outer.reject();
}

// -- records ---------------------------------------------------------------

bool is_type(std::string_view& bytes, char type) {
  if (!bytes.starts_with(type))
    return false;
  bytes.remove_prefix(1);
  return true;
}

tl::unexpected<error> corrupt(std::string_view kind, std::string_view id) {
  std::string detail{"The store's record of "};
  detail += kind;
  if (!id.empty()) {
    detail += ' ';
    detail += id;
  }
  detail += " is damaged, or was written by a newer version.";
  return fail(errc::storage_failed, std::move(detail));
}

} // namespace parley::storage::parts
