#include "actors/claim_table.hpp"

namespace parley::actors {

std::uint64_t claim_digest(std::string_view caller,
                           std::string_view key) noexcept {
  std::uint64_t hash = 14695981039346656037ull; // FNV-1a
  auto add = [&hash](unsigned char c) {
    hash = (hash ^ c) * 1099511628211ull;
  };
  for (char c : caller)
    add(static_cast<unsigned char>(c));
  add(0);
  for (char c : key)
    add(static_cast<unsigned char>(c));
  return hash;
}

std::optional<claim_table::way> claim_table::find(std::uint64_t digest) const {
  auto found = ways_.find(digest);
  if (found == ways_.end())
    return std::nullopt;
  return found->second.leads;
}

void claim_table::put(std::uint64_t digest, const way& leads) {
  ways_[digest] = {leads, ++puts_};
  order_.emplace_back(digest, puts_);
  while (order_.size() > capacity_) {
    auto [oldest, age] = order_.front();
    order_.pop_front();
    auto found = ways_.find(oldest);
    if (found != ways_.end() && found->second.age == age)
      ways_.erase(found);
  }
}

void claim_table::erase(std::uint64_t digest, node_tag target) {
  auto found = ways_.find(digest);
  if (found != ways_.end() && found->second.leads.target == target)
    ways_.erase(found);
}

} // namespace parley::actors
