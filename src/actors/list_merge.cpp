#include "actors/list_merge.hpp"

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>

#include "storage/cursor.hpp"

namespace parley::actors {

namespace {

// As stores order their lists.
bool comes_before(const conversation& a, const conversation& b) {
  return a.updated_at != b.updated_at ? a.updated_at > b.updated_at
                                      : a.id > b.id;
}

} // namespace

conversation_page merge_pages(std::vector<conversation_page> pages,
                              std::size_t limit) {
  conversation_page merged;
  auto more = false;
  std::optional<conversation> horizon; // the first end of a page with more
  for (auto& page : pages) {
    if (!page.next_cursor.empty() && !page.items.empty()) {
      more = true;
      if (!horizon || comes_before(page.items.back(), *horizon))
        horizon = page.items.back();
    }
    std::move(page.items.begin(), page.items.end(),
              std::back_inserter(merged.items));
    std::move(page.missing_nodes.begin(), page.missing_nodes.end(),
              std::back_inserter(merged.missing_nodes));
  }
  std::sort(merged.items.begin(), merged.items.end(), comes_before);
  if (horizon) {
    auto behind = std::find_if(merged.items.begin(), merged.items.end(),
                               [&horizon](const conversation& one) {
                                 return comes_before(*horizon, one);
                               });
    merged.items.erase(behind, merged.items.end());
  }
  if (merged.items.size() > limit) {
    more = true;
    merged.items.resize(limit);
  }
  if (more && !merged.items.empty()) {
    const auto& last = merged.items.back();
    merged.next_cursor = storage::cursor_of({last.updated_at, last.id});
  }
  return merged;
}

} // namespace parley::actors
