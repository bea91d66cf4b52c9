// A conversation with all of its messages: what export writes and import reads.
#pragma once

#include <vector>

#include "chat/conversation.hpp"
#include "chat/message.hpp"

namespace parley {

struct exported_conversation {
  // `active_stream` is empty: a stream that runs is not part of an export.
  parley::conversation conversation;
  std::vector<message> messages; // in order of ids as bytes

  friend bool operator==(const exported_conversation&,
                         const exported_conversation&) = default;
};

template <class Inspector>
bool inspect(Inspector& f, exported_conversation& x) {
  return f.object(x).fields(f.field("conversation", x.conversation),
                            f.field("messages", x.messages));
}

} // namespace parley
