// Opening a stream on the right node, once for each Idempotency-Key.
#include <utility>

#include "actors/accept_decision.hpp"
#include "actors/cluster_gateway_impl.hpp"

namespace parley::actors {

caf::result<stream_opened> cluster_gateway::on_open(open_stream& what) {
  auto conversation = what.request.conversation;
  auto has_key = !what.request.idempotency_key.empty() && !others_.empty();
  auto is_here = conversation.empty() ? place() == env_.self
                                      : conversation.node() == env_.self;
  if (is_here && !has_key)
    return delegate(env_.local, std::move(what));
  auto promise = make_response_promise<stream_opened>();
  auto go = [this, what = std::move(what), promise,
             has_key](const result<node_tag>& owner) mutable {
    if (!owner)
      promise.deliver(to_caf(owner.error()));
    else if (has_key)
      open_with_key(*owner, std::move(what), promise);
    else
      forward<stream_opened>(*owner, std::move(what), promise);
  };
  if (conversation.empty())
    go(place());
  else
    with_owner(conversation, go);
  return promise;
}

// -- keys --------------------------------------------------------------------

void cluster_gateway::open_with_key(node_tag wanted, open_stream what,
                                    open_promise promise) {
  auto question =
    claim_question(what.request.caller, what.request.idempotency_key,
                   env_.settings.idempotency.ttl);
  auto open_it = [this, wanted, what = std::move(what),
                  promise](const caf::expected<node_tag>& target) mutable {
    // Where the key leads elsewhere and the conversation does not, only the
    // store there knows whether the key is still taken.
    if (!target)
      promise.deliver(target.error());
    else if (*target == wanted || what.request.conversation.empty())
      open_claimed(*target, what, promise);
    else
      open_elsewhere(*target, wanted, what, promise);
  };
  place_once(std::move(question), wanted, std::move(open_it));
}

void cluster_gateway::place_once(
  find_claim claim, node_tag wanted,
  std::function<void(const caf::expected<node_tag>&)> then) {
  auto digest = claim_digest(claim.caller, claim.key);
  if (auto same = placing_.find(digest); same != placing_.end()) {
    same->second.waiting.emplace_back(std::move(then));
    return;
  }
  auto way = claims_.find(digest);
  if (way && way->sure) {
    then(way->target);
    return;
  }
  // Reserved by one that cannot be asked what became of it.
  if (way && way->by != env_.self && member(way->by) == nullptr) {
    then(to_caf(unavailable(way->by)));
    return;
  }
  auto& entry = placing_[digest];
  entry.target = wanted;
  entry.claim = std::move(claim);
  entry.waiting.emplace_back(std::move(then));
  ask_all(digest);
}

// Everybody; the store of the target is asked by the request itself.
void cluster_gateway::ask_all(std::uint64_t digest) {
  if (placing_[digest].target != env_.self)
    ask_own_store(digest);
  for (const auto& [tag, other] : others_)
    if (other.up)
      ask_node(digest, tag);
  place_if_answered(digest);
}

void cluster_gateway::ask_node(std::uint64_t digest, node_tag node) {
  auto& entry = placing_[digest];
  ++entry.asked[node];
  reserve_claim question{digest, entry.claim.caller, entry.claim.key, env_.self,
                         entry.target};
  request(others_[node].claims, limits::actor_request_timeout,
          std::move(question))
    .then(
      [this, digest, node](const claim_answer& answer) {
        on_claim_answer(digest, node, answer);
      },
      [this, digest, node](const caf::error& why) {
        on_claim_unanswered(digest, node, why);
      });
}

void cluster_gateway::ask_own_store(std::uint64_t digest) {
  auto& entry = placing_[digest];
  ++entry.asked[env_.self];
  request(readers_.next(), caf::infinite, entry.claim)
    .then(
      [this, digest](const found_claim& found) {
        auto place = found.found ? claim_place::taken : claim_place::unknown;
        on_claim_answer(digest, env_.self, {place, env_.self, env_.self});
      },
      [this, digest](const caf::error& why) {
        on_claim_unanswered(digest, env_.self, why);
      });
}

void cluster_gateway::on_claim_answer(std::uint64_t digest, node_tag from,
                                      const claim_answer& answer) {
  auto found = placing_.find(digest);
  // A late one, from a node that was given up.
  if (found == placing_.end() || found->second.asked[from] == 0)
    return;
  auto& entry = found->second;
  --entry.asked[from];
  if (answer.place == claim_place::taken)
    entry.taken = answer.target;
  // Who can be asked itself is asked, too.
  else if (answer.place == claim_place::reserved && answer.by != env_.self
           && member(answer.by) == nullptr)
    entry.lost = answer.by;
  place_if_answered(digest);
}

// A node that is up and cannot tell, perhaps because its disk fails: the
// request is refused, because it may have been taken there.
void cluster_gateway::on_claim_unanswered(std::uint64_t digest, node_tag from,
                                          const caf::error& why) {
  auto found = placing_.find(digest);
  if (found == placing_.end() || found->second.asked[from] == 0)
    return;
  --found->second.asked[from];
  if (from == env_.self || member(from) != nullptr)
    found->second.failed = meant_by(from, why);
  place_if_answered(digest);
}

void cluster_gateway::repeat_questions(const std::set<node_tag>& lost) {
  std::vector<std::uint64_t> all;
  for (const auto& [digest, entry] : placing_)
    all.push_back(digest);
  for (auto digest : all) {
    auto entry = placing_.find(digest);
    if (entry == placing_.end())
      continue;
    for (auto node : lost)
      if (entry->second.asked.erase(node) > 0 && member(node) != nullptr)
        ask_node(digest, node);
    place_if_answered(digest);
  }
}

void cluster_gateway::place_if_answered(std::uint64_t digest) {
  auto found = placing_.find(digest);
  if (found == placing_.end())
    return;
  for (const auto& [node, count] : found->second.asked)
    if (count > 0)
      return;
  auto entry = std::move(placing_.extract(digest).mapped());
  caf::expected<node_tag> target{entry.taken.value_or(entry.target)};
  if (!entry.taken && entry.lost)
    target = to_caf(unavailable(*entry.lost));
  else if (!entry.taken && entry.failed)
    target = *entry.failed;
  else
    claims_.put(digest, {*target, env_.self, true});
  for (auto& question : entry.deferred) {
    if (target)
      question.deliver(claim_answer{claim_place::taken, *target, env_.self});
    else
      question.deliver(claim_answer{});
  }
  for (const auto& open_it : entry.waiting)
    open_it(target);
}

void cluster_gateway::open_claimed(node_tag target, open_stream what,
                                   open_promise promise) {
  auto digest = claim_digest(what.request.caller, what.request.idempotency_key);
  auto refused = [this, digest, target](const caf::error& why) {
    // Not lost, and no other request's: the key is free again.
    if (why.category()
          == caf::type_id_v<
            errc> && to_error(why).code != errc::idempotency_key_reused)
      release(digest, target);
  };
  forward<stream_opened>(target, std::move(what), promise, refused);
}

void cluster_gateway::open_elsewhere(node_tag target, node_tag wanted,
                                     const open_stream& what,
                                     open_promise promise) {
  auto question =
    claim_question(what.request.caller, what.request.idempotency_key,
                   env_.settings.idempotency.ttl);
  auto decide = [this, target, wanted, what,
                 promise](const found_claim& found) {
    open_claimed(found.found ? target : wanted, what, promise);
  };
  auto unknown = [this, target, promise](const caf::error& why) mutable {
    promise.deliver(meant_by(target, why));
  };
  if (target == env_.self)
    request(readers_.next(), caf::infinite, std::move(question))
      .then(decide, unknown);
  else if (const auto* other = member(target))
    request(other->claims, env_.settings.cluster.failure_timeout,
            std::move(question))
      .then(decide, unknown);
  else
    promise.deliver(to_caf(unavailable(target)));
}

void cluster_gateway::release(std::uint64_t digest, node_tag target) {
  claims_.erase(digest, target);
  for (const auto& [tag, other] : others_)
    if (other.up)
      send(other.claims, release_claim{digest, target});
}

caf::result<claim_answer>
cluster_gateway::on_reserve_in_flight(const reserve_claim& what, placing& own) {
  if (own.target < what.target) {
    own.deferred.push_back(make_response_promise<claim_answer>());
    return own.deferred.back();
  }
  // That one goes first. It may have begun after it was asked from here: ask
  // again, and it will answer once it has placed its own.
  if (what.target < own.target && member(what.from) != nullptr)
    ask_node(what.digest, what.from);
  return claim_answer{};
}

caf::result<claim_answer>
cluster_gateway::on_reserve(const reserve_claim& what) {
  if (auto own = placing_.find(what.digest); own != placing_.end())
    return on_reserve_in_flight(what, own->second);
  auto way = claims_.find(what.digest);
  if (way && way->sure)
    return claim_answer{claim_place::taken, way->target, env_.self};
  // From now on, so that nobody else is told the same; what the store says
  // comes later.
  auto answer = claim_answer{};
  if (way && way->by != what.from)
    answer = {claim_place::reserved, way->target, way->by};
  else
    claims_.put(what.digest, {what.target, what.from, false});
  if (what.target == env_.self)
    return answer; // this store is asked by the request itself
  auto promise = make_response_promise<claim_answer>();
  request(readers_.next(), caf::infinite,
          claim_question(what.caller, what.key, env_.settings.idempotency.ttl))
    .then(
      [this, promise, answer,
       digest = what.digest](const found_claim& found) mutable {
        if (found.found) {
          claims_.put(digest, {env_.self, env_.self, true});
          answer = {claim_place::taken, env_.self, env_.self};
        }
        promise.deliver(answer);
      },
      [promise](caf::error& why) mutable { promise.deliver(std::move(why)); });
  return promise;
}

// -- imports -----------------------------------------------------------------

caf::result<conversation_view>
cluster_gateway::on_import(import_conversation& what) {
  auto id = what.what.conversation.id;
  if (id.node() == env_.self || known(id.node()) || others_.empty())
    return pass_on<conversation_view>(id, std::move(what));
  auto promise = make_response_promise<conversation_view>();
  locate(id, [this, what = std::move(what),
              promise](const result<node_tag>& owner) mutable {
    if (owner)
      forward<conversation_view>(*owner, std::move(what), promise);
    else if (owner.error().code == errc::conversation_not_found)
      import_foreign(std::move(what), promise);
    else
      promise.deliver(to_caf(owner.error()));
  });
  return promise;
}

void cluster_gateway::import_foreign(
  import_conversation what,
  caf::typed_response_promise<conversation_view> promise) {
  // No client's key: callers' names have no control characters.
  auto claim = claim_question("\x01import", what.what.conversation.id.str(),
                              env_.settings.idempotency.ttl);
  auto digest = claim_digest(claim.caller, claim.key);
  auto import_it = [this, what = std::move(what), promise,
                    digest](const caf::expected<node_tag>& target) mutable {
    if (!target) {
      promise.deliver(target.error());
      return;
    }
    // Who looked for it before it was there may still come, so the way to a
    // conversation that is there stays.
    auto refused = [this, digest, at = *target](const caf::error& why) {
      if (to_error(why).code != errc::id_in_use)
        release(digest, at);
    };
    forward<conversation_view>(*target, std::move(what), promise, refused);
  };
  place_once(std::move(claim), env_.self, std::move(import_it));
}

} // namespace parley::actors
