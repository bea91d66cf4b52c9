#include "actors/member_table.hpp"

#include <algorithm>
#include <utility>

namespace parley::actors {

member_table::member_table(node_info self) : self_(std::move(self)) {
}

void member_table::set_address(std::string host, std::uint16_t port) {
  self_.host = std::move(host);
  self_.port = port;
}

std::optional<member_table::refusal>
member_table::refuse(const node_info& who) const {
  if (who.tag == self_.tag && who.incarnation == self_.incarnation)
    return refusal{greeting_reply::self, "this is the node itself"};
  if (who.schema != self_.schema)
    return refusal{greeting_reply::schema,
                   "its messages have schema " + std::to_string(who.schema)
                     + " (version " + who.version + "), those of " + self_.name
                     + " schema " + std::to_string(self_.schema) + " (version "
                     + self_.version + ")"};
  auto taken = [&who](const node_info& by) {
    return refusal{greeting_reply::duplicate,
                   "the node " + by.name + " at " + by.host + ":"
                     + std::to_string(by.port)
                     + (by.tag == who.tag ? " runs on the same data folder"
                                          : " has the same node.name")
                     + " and is up"};
  };
  auto same = [&who](const node_info& by) {
    return by.tag == who.tag || by.name == who.name;
  };
  if (same(self_))
    return taken(self_);
  for (const auto& [tag, one] : members_)
    if (one.up() && same(one.info) && one.info.incarnation != who.incarnation)
      return taken(one.info);
  return std::nullopt;
}

bool member_table::learn(const node_info& who) {
  if (who.tag == self_.tag || who.name == self_.name)
    return false;
  auto found = members_.find(who.tag);
  if (found != members_.end())
    return false;
  // By that name a node is up that others know better.
  for (const auto& [tag, one] : members_)
    if (one.info.name == who.name)
      return false;
  members_[who.tag].info = who;
  return true;
}

bool member_table::enter(member who) {
  std::erase_if(members_, [&who](const auto& entry) {
    return entry.first != who.info.tag
           && entry.second.info.name == who.info.name;
  });
  auto& place = members_[who.info.tag];
  auto was_down = !place.up();
  if (!was_down)
    who.sees = std::move(place.sees);
  who.load.from = who.info.tag;
  place = std::move(who);
  return was_down;
}

const member_table::member* member_table::leave(const caf::actor_addr& peer) {
  for (auto& [tag, one] : members_) {
    if (!one.up() || one.peer.address() != peer)
      continue;
    one.peer = nullptr;
    one.door = nullptr;
    one.claims = nullptr;
    one.load = {};
    one.sees.clear();
    return &one;
  }
  return nullptr;
}

member_table::member* member_table::find(node_tag tag) {
  auto found = members_.find(tag);
  return found == members_.end() ? nullptr : &found->second;
}

std::vector<node_info> member_table::infos() const {
  std::vector<node_info> made;
  for (const auto& [tag, one] : members_)
    made.push_back(one.info);
  return made;
}

std::vector<node_tag> member_table::seen() const {
  std::vector<node_tag> made;
  for (const auto& [tag, one] : members_)
    if (one.up())
      made.push_back(tag);
  return made;
}

std::string member_table::name_of(node_tag tag) const {
  if (tag == self_.tag)
    return self_.name;
  auto found = members_.find(tag);
  return found == members_.end() ? std::string{} : found->second.info.name;
}

cluster_view member_table::view(const node_load& self) const {
  cluster_view made;
  auto add = [this, &made](const node_info& info, bool up,
                           const node_load& load,
                           const std::vector<node_tag>& sees) {
    member_state state;
    state.info = info;
    state.status = up ? member_status::up : member_status::down;
    state.self = info.tag == self_.tag;
    state.draining = load.draining;
    state.streams = load.streams;
    for (auto tag : sees)
      if (auto name = name_of(tag); !name.empty())
        state.sees.push_back(std::move(name));
    std::sort(state.sees.begin(), state.sees.end());
    made.members.push_back(std::move(state));
  };
  add(self_, true, self, seen());
  for (const auto& [tag, one] : members_)
    add(one.info, one.up(), one.load, one.sees);
  std::sort(made.members.begin(), made.members.end(),
            [](const member_state& a, const member_state& b) {
              return a.info.name < b.info.name;
            });
  return made;
}

members_changed member_table::changed(const node_load& self) const {
  members_changed made{self, {}};
  for (const auto& [tag, one] : members_)
    made.others.push_back({one.info, one.up(), one.load, one.door, one.claims});
  return made;
}

} // namespace parley::actors
