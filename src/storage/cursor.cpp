#include "storage/cursor.hpp"

#include <cstdint>
#include <optional>

#include "storage/keys.hpp"

namespace parley::storage {

namespace {

constexpr std::string_view alphabet =
  "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::size_t checksum_size = 8;
// No cursor is longer; a longer text is not looked at.
constexpr std::size_t max_cursor_size = 128;

std::string to_base64url(std::string_view bytes) {
  std::string text;
  std::uint32_t bits = 0;
  int count = 0;
  for (char c : bytes) {
    bits = (bits << 8) | static_cast<unsigned char>(c);
    for (count += 8; count >= 6; count -= 6)
      text.push_back(alphabet[(bits >> (count - 6)) & 63]);
    bits &= (1u << count) - 1;
  }
  if (count > 0)
    text.push_back(alphabet[(bits << (6 - count)) & 63]);
  return text;
}

// Only what `to_base64url` prints: the bits left over are zero.
std::optional<std::string> from_base64url(std::string_view text) {
  std::string bytes;
  std::uint32_t bits = 0;
  int count = 0;
  for (char c : text) {
    auto value = alphabet.find(c);
    if (value == std::string_view::npos)
      return std::nullopt;
    bits = (bits << 6) | static_cast<std::uint32_t>(value);
    count += 6;
    if (count >= 8) {
      count -= 8;
      bytes.push_back(static_cast<char>((bits >> count) & 0xff));
      bits &= (1u << count) - 1;
    }
  }
  if (count >= 6 || bits != 0)
    return std::nullopt;
  return bytes;
}

std::string checksum_of(std::string_view list, std::string_view position) {
  std::uint64_t hash = 14695981039346656037ull;
  for (auto part : {list, position}) {
    for (char c : part) {
      hash ^= static_cast<unsigned char>(c);
      hash *= 1099511628211ull;
    }
  }
  std::string bytes;
  for (int shift = 56; shift >= 0; shift -= 8)
    bytes.push_back(static_cast<char>((hash >> shift) & 0xff));
  return bytes;
}

std::string seal(std::string_view list, std::string_view position) {
  std::string bytes{position};
  bytes += checksum_of(list, position);
  return to_base64url(bytes);
}

std::optional<std::string> unseal(std::string_view list,
                                  std::string_view cursor) {
  if (cursor.size() > max_cursor_size)
    return std::nullopt;
  auto bytes = from_base64url(cursor);
  if (!bytes || bytes->size() < checksum_size)
    return std::nullopt;
  auto split = bytes->size() - checksum_size;
  auto position = bytes->substr(0, split);
  if (checksum_of(list, position) != bytes->substr(split))
    return std::nullopt;
  return position;
}

tl::unexpected<error> not_a_cursor(std::string_view list) {
  return fail(errc::invalid_cursor,
              "The cursor is not one that this list of " + std::string{list}
                + " gave. Begin without a cursor.",
              "cursor");
}

std::string list_of(const conversation_id& conversation, sort_order order) {
  auto list = "messages " + conversation.str();
  list += order == sort_order::ascending ? " asc" : " desc";
  return list;
}

} // namespace

std::string cursor_of(const activity_position& last) {
  return seal("conversations", keys::activity(last.when, last.id));
}

std::string cursor_of(const conversation_id& conversation, sort_order order,
                      const message_id& last) {
  return seal(list_of(conversation, order), last.str());
}

result<activity_position> parse_activity_cursor(std::string_view cursor) {
  if (auto position = unseal("conversations", cursor)) {
    if (auto place = keys::parse_activity(*position))
      return activity_position{place->when, std::move(place->id)};
  }
  return not_a_cursor("conversations");
}

result<message_id> parse_message_cursor(const conversation_id& conversation,
                                        sort_order order,
                                        std::string_view cursor) {
  if (auto position = unseal(list_of(conversation, order), cursor)) {
    if (auto id = message_id::parse(*position))
      return *std::move(id);
  }
  return not_a_cursor("messages");
}

} // namespace parley::storage
