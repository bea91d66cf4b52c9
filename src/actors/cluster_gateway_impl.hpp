// The cluster gateway's class; private to cluster_gateway*.cpp.
//
// Runs on its scheduler thread only.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <vector>

#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>

#include "actors/claim_table.hpp"
#include "actors/cluster_gateway.hpp"
#include "actors/errors.hpp"
#include "actors/store_reader.hpp"
#include "chat/limits.hpp"

namespace parley::actors {

class cluster_gateway : public cluster_gateway_actor::base {
public:
  cluster_gateway(caf::actor_config& config,
                  cluster_gateway_environment environment);

  behavior_type make_behavior() override;
  void on_exit() override;

private:
  using open_promise = caf::typed_response_promise<stream_opened>;
  using owner_function = std::function<void(const result<node_tag>&)>;

  // -- who owns what: cluster_gateway.cpp
  // --------------------------------------------

  // Calls `then` with the node of a conversation: at once where the id tells.
  // One whose node nobody has ever met was imported: all nodes are asked.
  void with_owner(const conversation_id& id, owner_function then);
  void locate(const conversation_id& id, owner_function then);
  // Where a new conversation goes.
  [[nodiscard]] node_tag place() const;
  // Null: this node itself, or none that is up.
  [[nodiscard]] const member_view* member(node_tag tag) const;
  [[nodiscard]] result<gateway_actor> door_of(node_tag tag) const;
  [[nodiscard]] error unavailable(node_tag tag) const;
  void on_members(members_changed& what);

  // -- passing on
  // --------------------------------------------------------------------

  static void ignore(const caf::error&) {
  }

  // However the connection to a node, or that node's gateway, came to its end:
  // the node is not there.
  [[nodiscard]] caf::error meant_by(node_tag node, caf::error why) const {
    auto ours = why.category() == caf::type_id_v<errc>;
    if (node == env_.self || ours || why == caf::sec::request_timeout)
      return why;
    return to_caf(unavailable(node));
  }

  // Asks a node's gateway, for a promise. Fails when the node goes down.
  // `refused` hears what the node itself answered, not its loss.
  template <class Answer, class Question,
            class Refused = void (*)(const caf::error&)>
  void forward(node_tag to, Question what,
               caf::typed_response_promise<Answer> promise,
               Refused refused = ignore) {
    auto door = door_of(to);
    if (!door) {
      promise.deliver(to_caf(std::move(door.error())));
      return;
    }
    auto number = next_number_++;
    auto lost = [promise](const caf::error& why) mutable {
      promise.deliver(why);
    };
    pending_.emplace(number, pending{to, std::move(lost)});
    auto asked = request(*door, limits::actor_request_timeout, std::move(what));
    auto failed = [this, number, to, promise,
                   refused](caf::error& why) mutable {
      pending_.erase(number);
      refused(why);
      promise.deliver(meant_by(to, std::move(why)));
    };
    if constexpr (std::is_void_v<Answer>)
      std::move(asked).then(
        [this, number, promise]() mutable {
          pending_.erase(number);
          promise.deliver();
        },
        std::move(failed));
    else
      std::move(asked).then(
        [this, number, promise](Answer& answer) mutable {
          pending_.erase(number);
          promise.deliver(std::move(answer));
        },
        std::move(failed));
  }

  template <class Answer, class Question>
  caf::result<Answer> pass_on(const conversation_id& owned_by, Question what) {
    if (owned_by.node() == env_.self)
      return delegate(env_.local, std::move(what));
    auto promise = make_response_promise<Answer>();
    with_owner(owned_by,
               [this, promise, what](const result<node_tag>& owner) mutable {
                 if (!owner)
                   promise.deliver(to_caf(owner.error()));
                 else
                   forward<Answer>(*owner, std::move(what), promise);
               });
    return promise;
  }

  template <class Answer, class Question>
  caf::result<Answer> pass_on_stream(const Question& what) {
    auto tag = what.id.node();
    // Of a node that nobody has met: the store says that there is no such
    // stream.
    if (tag == env_.self || !known(tag))
      return delegate(env_.local, what);
    auto promise = make_response_promise<Answer>();
    forward<Answer>(tag, what, promise);
    return promise;
  }

  [[nodiscard]] bool known(node_tag tag) const {
    return others_.contains(tag);
  }

  // -- opening: cluster_gateway_open.cpp
  // -----------------------------------------------

  using claim_promise = caf::typed_response_promise<claim_answer>;

  // A request with a key that waits for what the other nodes know of the key.
  //
  // Of two nodes that place the same key at the same moment the one with the
  // greater target waits for the other: who is asked by it answers once it has
  // placed its own. So waits lead from greater to lesser targets, never in a
  // circle, and `taken` is final whoever says it.
  struct placing {
    node_tag target;
    find_claim claim;
    std::map<node_tag, int> asked;    // questions that are not answered yet
    std::optional<node_tag> taken;    // somebody has it
    std::optional<node_tag> lost;     // has reserved it, and is down
    std::optional<caf::error> failed; // somebody cannot tell
    // Equal requests that came meanwhile, and what other nodes asked.
    std::vector<std::function<void(const caf::expected<node_tag>&)>> waiting;
    std::vector<claim_promise> deferred;
  };

  caf::result<stream_opened> on_open(open_stream& what);
  void open_with_key(node_tag wanted, open_stream what, open_promise promise);
  // Calls `then` with the one node where what this key stands for lives, or
  // will: `wanted` unless somebody knows better.
  void place_once(find_claim claim, node_tag wanted,
                  std::function<void(const caf::expected<node_tag>&)> then);
  // A conversation whose node nobody has met: one node takes it, however many
  // are asked at once.
  void import_foreign(import_conversation what,
                      caf::typed_response_promise<conversation_view> promise);
  caf::result<conversation_view> on_import(import_conversation& what);
  void ask_all(std::uint64_t digest);
  void ask_node(std::uint64_t digest, node_tag node);
  void ask_own_store(std::uint64_t digest);
  void on_claim_answer(std::uint64_t digest, node_tag from,
                       const claim_answer& answer);
  void on_claim_unanswered(std::uint64_t digest, node_tag from,
                           const caf::error& why);
  // Questions to nodes that were lost: those that are back are asked again.
  void repeat_questions(const std::set<node_tag>& lost);
  void place_if_answered(std::uint64_t digest);
  void open_claimed(node_tag target, open_stream what, open_promise promise);
  // The key leads to one node and the conversation to another.
  void open_elsewhere(node_tag target, node_tag wanted, const open_stream& what,
                      open_promise promise);
  void release(std::uint64_t digest, node_tag target);
  caf::result<claim_answer> on_reserve(const reserve_claim& what);
  caf::result<claim_answer> on_reserve_in_flight(const reserve_claim& what,
                                                 placing& own);

  // -- lists: cluster_gateway.cpp
  // ------------------------------------------------------

  caf::result<conversation_page> on_list(const list_conversations& what);

  struct pending {
    node_tag to;
    std::function<void(const caf::error&)> fail;
  };

  cluster_gateway_environment env_;
  reader_turns readers_;
  node_load load_;
  std::map<node_tag, member_view> others_;
  std::map<std::uint64_t, pending> pending_;
  std::uint64_t next_number_ = 0;
  claim_table claims_;
  std::unordered_map<std::uint64_t, placing> placing_;
};

} // namespace parley::actors
