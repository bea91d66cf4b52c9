// Opening a stream on the right node, once for each Idempotency-Key.
#include <algorithm>
#include <utility>

#include "actors/cluster_gateway_impl.hpp"
#include "chat/timestamp.hpp"

namespace parley::actors {

caf::result<stream_opened> cluster_gateway::on_open(open_stream& what) {
  auto conversation = what.request.conversation;
  auto has_key
    = !what.request.idempotency_key.empty() && !others_.empty();
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

find_claim cluster_gateway::question_of(const std::string& caller,
                                        const std::string& key) const {
  return {caller, key,
          {timestamp::now().ms - env_.settings.idempotency.ttl.count()}};
}

void cluster_gateway::open_with_key(node_tag wanted, open_stream what,
                                    open_promise promise) {
  auto digest
    = claim_digest(what.request.caller, what.request.idempotency_key);
  auto open_it = [this, wanted, what, promise](node_tag target) {
    // Where the key leads elsewhere and the conversation does not, only the
    // store there knows whether the key is still taken.
    if (target == wanted || what.request.conversation.empty())
      open_claimed(target, what, promise);
    else
      open_elsewhere(target, wanted, what, promise);
  };
  if (auto placed_now = placing_.find(digest); placed_now != placing_.end()) {
    placed_now->second.waiting.push_back(open_it);
    return;
  }
  auto way = claims_.find(digest);
  if (way && way->sure) {
    open_it(way->target);
    return;
  }
  // Reserved by one that could not be asked what became of it.
  if (way && member(way->by) == nullptr) {
    promise.deliver(to_caf(unavailable(way->by)));
    return;
  }
  placing entry;
  entry.target = wanted;
  entry.lowest = wanted;
  entry.waiting.push_back(open_it);
  placing_.emplace(digest, std::move(entry));
  ask_for_claim(digest, what);
}

// Everybody but the target, which will be asked by the request itself.
void cluster_gateway::ask_for_claim(std::uint64_t digest,
                                    const open_stream& what) {
  auto& entry = placing_[digest];
  auto target = entry.target;
  const auto& caller = what.request.caller;
  const auto& key = what.request.idempotency_key;
  ++entry.unanswered; // this function
  if (target != env_.self) {
    ++entry.unanswered;
    request(any_reader(), caf::infinite, question_of(caller, key))
      .then(
        [this, digest](const found_claim& found) {
          auto place
            = found.found ? claim_place::taken : claim_place::unknown;
          on_claim_answer(digest, {place, env_.self, env_.self});
        },
        [this, digest](const caf::error&) { on_claim_answer(digest, {}); });
  }
  for (const auto& [tag, other] : others_) {
    if (!other.up)
      continue;
    ++entry.unanswered;
    request(other.claims, env_.settings.cluster.failure_timeout,
            reserve_claim{digest, caller, key, env_.self, target})
      .then(
        [this, digest](const claim_answer& answer) {
          on_claim_answer(digest, answer);
        },
        [this, digest](const caf::error&) { on_claim_answer(digest, {}); });
  }
  on_claim_answer(digest, {});
}

void cluster_gateway::on_claim_answer(std::uint64_t digest,
                                      const claim_answer& answer) {
  auto found = placing_.find(digest);
  if (found == placing_.end())
    return;
  auto& entry = found->second;
  switch (answer.place) {
  case claim_place::unknown:
    break;
  case claim_place::taken:
    entry.taken = answer.target;
    break;
  case claim_place::in_flight:
    // Both sides see this: the lowest target is right for all.
    entry.lowest = std::min(entry.lowest, answer.target);
    break;
  case claim_place::reserved:
    // Who can be asked itself is asked, too.
    if (member(answer.by) == nullptr && answer.by != env_.self)
      entry.lost = answer.by;
    break;
  }
  if (--entry.unanswered == 0)
    placed(digest);
}

void cluster_gateway::placed(std::uint64_t digest) {
  auto entry = std::move(placing_.extract(digest).mapped());
  if (entry.lost && !entry.taken) {
    for (const auto& open_it : entry.waiting)
      open_it(*entry.lost);
    return;
  }
  auto target = entry.taken.value_or(entry.lowest);
  claims_.put(digest, {target, env_.self, true});
  for (const auto& open_it : entry.waiting)
    open_it(target);
}

void cluster_gateway::open_claimed(node_tag target, open_stream what,
                                   open_promise promise) {
  auto digest
    = claim_digest(what.request.caller, what.request.idempotency_key);
  auto refused = [this, digest, target](const caf::error& why) {
    // Not lost, and no other request's: the key is free again.
    if (why.category() == caf::type_id_v<errc>
        && to_error(why).code != errc::idempotency_key_reused)
      release(digest, target);
  };
  forward<stream_opened>(target, std::move(what), promise, refused);
}

void cluster_gateway::open_elsewhere(node_tag target, node_tag wanted,
                                     const open_stream& what,
                                     open_promise promise) {
  auto question
    = question_of(what.request.caller, what.request.idempotency_key);
  auto decide = [this, target, wanted, what,
                 promise](const found_claim& found) {
    open_claimed(found.found ? target : wanted, what, promise);
  };
  auto unknown = [promise](const caf::error& why) mutable {
    promise.deliver(why);
  };
  if (target == env_.self)
    request(any_reader(), caf::infinite, std::move(question))
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
cluster_gateway::on_reserve(const reserve_claim& what) {
  if (auto own = placing_.find(what.digest); own != placing_.end())
    return claim_answer{claim_place::in_flight, own->second.target, env_.self};
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
  request(any_reader(), caf::infinite, question_of(what.caller, what.key))
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

} // namespace parley::actors
