#include "actors/cluster_gateway.hpp"

#include <set>

#include "actors/cluster_gateway_impl.hpp"
#include "actors/list_merge.hpp"

namespace parley::actors {

namespace {

// "Much more loaded": more than twice as many streams as the least loaded node,
// and so many more.
constexpr std::uint64_t load_difference = 32;

// What is collected from all nodes before it is answered.
struct gathering {
  std::size_t unanswered = 0;
  std::vector<conversation_page> pages;
};

} // namespace

cluster_gateway::cluster_gateway(caf::actor_config& config,
                                 cluster_gateway_environment environment)
  : cluster_gateway_actor::base(config),
    env_(std::move(environment)),
    readers_(env_.readers) {
}

cluster_gateway::behavior_type cluster_gateway::make_behavior() {
  return {
    // -- streams
    [this](open_stream& what) { return on_open(what); },
    [this](const find_stream& what) {
      return pass_on_stream<session_actor>(what);
    },
    [this](const get_stream_state& what) {
      return pass_on_stream<stream_state>(what);
    },
    [this](const cancel_stream& what) {
      return pass_on_stream<stream_state>(what);
    },
    // -- conversations
    [this](create_conversation& what) -> caf::result<conversation_view> {
      auto target = place();
      if (target == env_.self)
        return delegate(env_.local, std::move(what));
      auto promise = make_response_promise<conversation_view>();
      forward<conversation_view>(target, std::move(what), promise);
      return promise;
    },
    [this](const get_conversation& what) {
      return pass_on<conversation_view>(what.id, what);
    },
    [this](const list_conversations& what) { return on_list(what); },
    [this](change_conversation& what) {
      auto id = what.id;
      return pass_on<conversation_view>(id, std::move(what));
    },
    [this](const delete_conversation& what) {
      return pass_on<void>(what.id, what);
    },
    [this](const get_message& what) {
      return pass_on<message>(what.conv, what);
    },
    [this](const list_messages& what) {
      return pass_on<message_page>(what.conv, what);
    },
    [this](const export_conversation& what) {
      return pass_on<exported_conversation>(what.id, what);
    },
    [this](import_conversation& what) { return on_import(what); },
    // -- this node
    [this](get_node_status what) { return delegate(env_.local, what); },
    // -- other nodes
    [this](const reserve_claim& what) { return on_reserve(what); },
    [this](const find_claim& what) { return delegate(readers_.next(), what); },
    [this](const release_claim& what) {
      claims_.erase(what.digest, what.target);
    },
    [this](members_changed& what) { on_members(what); },
  };
}

void cluster_gateway::on_exit() {
  // Handles of actors that hold this one: no cycle may remain.
  others_.clear();
  pending_.clear();
  placing_.clear();
  env_.local = nullptr;
  env_.readers.clear();
}

// -- who owns what -----------------------------------------------------------

const member_view* cluster_gateway::member(node_tag tag) const {
  auto found = others_.find(tag);
  return found != others_.end() && found->second.up ? &found->second : nullptr;
}

result<gateway_actor> cluster_gateway::door_of(node_tag tag) const {
  if (tag == env_.self)
    return env_.local;
  if (const auto* found = member(tag))
    return found->door;
  return fail(unavailable(tag));
}

error cluster_gateway::unavailable(node_tag tag) const {
  auto found = others_.find(tag);
  auto name = found == others_.end() ? std::string{} : found->second.info.name;
  return {errc::node_unavailable,
          "the node " + name + " that holds this cannot be reached; try again",
          {},
          {},
          std::chrono::seconds{1}};
}

void cluster_gateway::with_owner(const conversation_id& id,
                                 owner_function then) {
  auto tag = id.node();
  if (tag == env_.self)
    then(tag);
  else if (member(tag) != nullptr)
    then(tag);
  else if (known(tag))
    then(fail(unavailable(tag)));
  else
    locate(id, std::move(then));
}

void cluster_gateway::locate(const conversation_id& id, owner_function then) {
  struct search {
    std::size_t unanswered = 1;
    std::optional<node_tag> found;
    std::optional<error> missing;
    owner_function then;
  };
  auto state = std::make_shared<search>();
  state->then = std::move(then);
  auto answered = [id, state](std::optional<node_tag> at) {
    if (at && !state->found)
      state->found = at;
    if (--state->unanswered > 0)
      return;
    if (state->found)
      state->then(*state->found);
    else if (state->missing)
      state->then(fail(std::move(*state->missing)));
    else
      state->then(fail(errc::conversation_not_found,
                       "there is no conversation " + id.str()));
  };
  for (const auto& [tag, other] : others_) {
    if (!other.up) {
      state->missing = unavailable(tag); // it may have it
      continue;
    }
    ++state->unanswered;
    request(other.door, env_.settings.cluster.failure_timeout,
            get_conversation{id})
      .then([answered, at = tag](const conversation_view&) { answered(at); },
            [answered](const caf::error&) { answered(std::nullopt); });
  }
  request(env_.local, caf::infinite, get_conversation{id})
    .then(
      [answered, at = env_.self](const conversation_view&) { answered(at); },
      [answered](const caf::error&) { answered(std::nullopt); });
}

node_tag cluster_gateway::place() const {
  const member_view* least = nullptr;
  for (const auto& [tag, other] : others_)
    if (other.up && !other.load.draining
        && (least == nullptr || other.load.streams < least->load.streams))
      least = &other;
  if (least == nullptr)
    return env_.self;
  auto much_more = load_.streams > 2 * least->load.streams + load_difference;
  return load_.draining || much_more ? least->info.tag : env_.self;
}

void cluster_gateway::on_members(members_changed& what) {
  load_ = what.self;
  auto before = std::exchange(others_, {});
  for (auto& one : what.others)
    others_.emplace(one.info.tag, std::move(one));
  // A node that is down, or was for a moment: what its old handles were asked
  // is not answered any more.
  std::set<node_tag> lost;
  for (const auto& [tag, old] : before) {
    const auto* now = member(tag);
    if (old.up && (now == nullptr || now->door != old.door))
      lost.insert(tag);
  }
  if (lost.empty())
    return;
  std::vector<std::uint64_t> numbers;
  for (const auto& [number, waiting] : pending_)
    if (lost.contains(waiting.to))
      numbers.push_back(number);
  for (auto number : numbers) {
    auto waiting = std::move(pending_.extract(number).mapped());
    waiting.fail(to_caf(unavailable(waiting.to)));
  }
  repeat_questions(lost);
}

// -- lists -------------------------------------------------------------------

caf::result<conversation_page>
cluster_gateway::on_list(const list_conversations& what) {
  if (others_.empty())
    return delegate(env_.local, what);
  auto promise = make_response_promise<conversation_page>();
  auto state = std::make_shared<gathering>();
  state->unanswered = 1 + others_.size();
  auto answered = [state, promise,
                   limit = what.limit](conversation_page page) mutable {
    state->pages.push_back(std::move(page));
    if (--state->unanswered == 0)
      promise.deliver(merge_pages(std::move(state->pages), limit));
  };
  for (const auto& [tag, other] : others_) {
    conversation_page nothing{{}, {}, {other.info.name}};
    if (!other.up) {
      answered(std::move(nothing));
      continue;
    }
    request(other.door, env_.settings.cluster.failure_timeout, what)
      .then([answered](
              conversation_page& page) mutable { answered(std::move(page)); },
            [answered, nothing](const caf::error&) mutable {
              answered(std::move(nothing));
            });
  }
  // What is wrong with the question this node knows as well as the others.
  request(env_.local, caf::infinite, what)
    .then(
      [answered](conversation_page& page) mutable {
        answered(std::move(page));
      },
      [promise](caf::error& why) mutable { promise.deliver(std::move(why)); });
  return promise;
}

// -- making it ---------------------------------------------------------------

cluster_gateway_actor
spawn_cluster_gateway(caf::actor_system& system,
                      cluster_gateway_environment environment) {
  return system.spawn<cluster_gateway>(std::move(environment));
}

} // namespace parley::actors
