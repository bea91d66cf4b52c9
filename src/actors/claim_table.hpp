// Which node an Idempotency-Key's stream lives on, as far as this node was
// told. Pure: no actor runs here. Owned by the cluster gateway.
//
// It only shows the way: the claim itself is in the store of the node that took
// the request (accept_decision.hpp), which decides. A way that is wrong or
// forgotten costs a question to all nodes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string_view>
#include <unordered_map>

#include "chat/id.hpp"

namespace parley::actors {

// Equal on all nodes. Two keys of the same digest share a way, no more.
[[nodiscard]] std::uint64_t claim_digest(std::string_view caller,
                                         std::string_view key) noexcept;

class claim_table {
public:
  // The oldest are forgotten beyond so many: some 20 MB.
  static constexpr std::size_t default_capacity = 1u << 18;

  struct way {
    node_tag target;
    // Who asked for it. That one knows what became of it while it is up.
    node_tag by;
    // This node placed the request itself, or has the claim in its store.
    bool sure = false;
  };

  explicit claim_table(std::size_t capacity = default_capacity)
    : capacity_(capacity) {
  }

  [[nodiscard]] std::optional<way> find(std::uint64_t digest) const;
  void put(std::uint64_t digest, const way& leads);
  // Only while it still leads there.
  void erase(std::uint64_t digest, node_tag target);
  [[nodiscard]] std::size_t size() const noexcept {
    return ways_.size();
  }

private:
  struct entry {
    way leads;
    std::uint64_t age; // number of its `put`
  };

  std::size_t capacity_;
  std::uint64_t puts_ = 0;
  std::unordered_map<std::uint64_t, entry> ways_;
  // In the order of `put`; an entry whose age is not its way's is void.
  std::deque<std::pair<std::uint64_t, std::uint64_t>> order_;
};

} // namespace parley::actors
