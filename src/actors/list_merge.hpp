// One page of conversations out of those of all nodes. Pure.
#pragma once

#include <cstddef>
#include <vector>

#include "actors/messages.hpp"

namespace parley::actors {

// Each page is what one node has behind the same cursor, newest activity first.
// The result ends where a node that has more has ended, so that nothing is
// passed over, and after `limit`; its cursor is good for every node.
[[nodiscard]] conversation_page
merge_pages(std::vector<conversation_page> pages, std::size_t limit);

} // namespace parley::actors
