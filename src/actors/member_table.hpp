// What a peer knows of the other nodes. Pure: no actor runs here.
//
// Owned by the peer actor.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "actors/interfaces.hpp"

namespace parley::actors {

class member_table {
public:
  struct member {
    node_info info;
    peer_actor peer; // null while down
    gateway_actor door;
    claims_actor claims;
    node_load load;
    std::vector<node_tag> sees;

    [[nodiscard]] bool up() const noexcept {
      return static_cast<bool>(peer);
    }
  };

  explicit member_table(node_info self);

  [[nodiscard]] const node_info& self() const noexcept {
    return self_;
  }
  void set_address(std::string host, std::uint16_t port);

  // Why `who` cannot become a member now, if it cannot.
  struct refusal {
    greeting_reply why;
    std::string sentence;
  };
  [[nodiscard]] std::optional<refusal> refuse(const node_info& who) const;

  // It was met once; true when that was not known.
  bool learn(const node_info& who);

  // Precondition: `refuse(who.info)` has no objection. True when it was down.
  bool enter(member who);

  // The peer has died. Null when it is not, or not any more, a member's.
  const member* leave(const caf::actor_addr& peer);

  [[nodiscard]] member* find(node_tag tag);
  [[nodiscard]] const std::map<node_tag, member>& members() const noexcept {
    return members_;
  }
  [[nodiscard]] std::vector<node_info> infos() const;
  // Tags of those that are up.
  [[nodiscard]] std::vector<node_tag> seen() const;
  // With this node, by name.
  [[nodiscard]] cluster_view view(const node_load& self) const;
  [[nodiscard]] members_changed changed(const node_load& self) const;

private:
  [[nodiscard]] std::string name_of(node_tag tag) const;

  node_info self_;
  std::map<node_tag, member> members_;
};

} // namespace parley::actors
