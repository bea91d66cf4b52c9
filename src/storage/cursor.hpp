// Cursors of pages: opaque to clients, a position to the stores.
//
//   cursor   := base64url(position checksum), without padding
//   position := time conv     conversations: the last one of the page
//             | msg           messages: the last one of the page
//   checksum := 8 bytes, FNV-1a over the kind of list (for messages with the
//               conversation and the order) and the position
//
// The position is that of a record and not a count, so that it stays where it
// is while others come and go. The checksum is no secret: it finds what was
// mangled, and what belongs to another list, not what was forged; a forged
// position only begins a list elsewhere.
#pragma once

#include <string>
#include <string_view>

#include "chat/conversation.hpp"
#include "chat/result.hpp"
#include "storage/store.hpp"

namespace parley::storage {

struct activity_position {
  timestamp when;
  conversation_id id;
};

[[nodiscard]] std::string cursor_of(const activity_position& last);
[[nodiscard]] std::string cursor_of(const conversation_id& conversation,
                                    sort_order order, const message_id& last);

// errc::invalid_cursor. Precondition: not empty.
[[nodiscard]] result<activity_position>
parse_activity_cursor(std::string_view cursor);
[[nodiscard]] result<message_id>
parse_message_cursor(const conversation_id& conversation, sort_order order,
                     std::string_view cursor);

} // namespace parley::storage
