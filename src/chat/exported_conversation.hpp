// A conversation on its way out of one store and into another.
#pragma once

#include <vector>

#include "chat/conversation.hpp"
#include "chat/message.hpp"

namespace parley {

// A conversation with all of its messages, oldest first.
struct exported_conversation {
  conversation conv;
  std::vector<message> messages;

  friend bool operator==(const exported_conversation&,
                         const exported_conversation&) = default;
};

template <class Inspector>
bool inspect(Inspector& f, exported_conversation& x) {
  return f.object(x).fields(f.field("conversation", x.conv),
                            f.field("messages", x.messages));
}

} // namespace parley
