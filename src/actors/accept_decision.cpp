#include "actors/accept_decision.hpp"

#include <optional>
#include <utility>

namespace parley::actors {

namespace {

// The stream that the request's key stands for, if it stands for one.
result<std::optional<stream_record>> find_replay(const accept& what,
                                                 const storage::store& store,
                                                 timestamp claims_after) {
  const auto& request = what.request;
  if (request.idempotency_key.empty())
    return std::optional<stream_record>{};
  auto claim = store.find_claim(request.caller, request.idempotency_key);
  if (!claim)
    return fail(std::move(claim.error()));
  if (!*claim || (*claim)->created_at < claims_after)
    return std::optional<stream_record>{};
  if ((*claim)->body_digest != request.body_digest)
    return fail(errc::idempotency_key_reused,
                "this Idempotency-Key came before with another body; use a new "
                "key for a new request",
                "Idempotency-Key");
  auto record = store.get_stream((*claim)->stream);
  if (!record)
    return fail(std::move(record.error()));
  return std::optional<stream_record>{std::move(*record)};
}

result<conversation> find_conversation(const accept& what,
                                       const storage::store& store,
                                       timestamp now) {
  if (what.new_conversation) {
    conversation made;
    made.id = what.record.conversation;
    made.system_prompt = what.request.system_prompt;
    made.model = what.request.model;
    made.created_at = now;
    return made;
  }
  auto found = store.get_conversation(what.record.conversation);
  if (found && !found->active_stream.empty()) {
    error busy{errc::conversation_busy,
               "conversation " + found->id.str()
                 + " is still answering; wait for its active stream, cancel "
                   "it, or send \"if_busy\":\"cancel\"",
               {},
               found->active_stream.str(),
               std::nullopt};
    return fail(std::move(busy));
  }
  return found;
}

message user_message_of(const accept& what, const conversation& conv,
                        timestamp now) {
  message made;
  made.id = what.record.user_message;
  made.conversation = conv.id;
  made.parent = conv.last_message;
  made.role = role::user;
  made.content = what.request.message;
  made.status = message_status::complete;
  made.created_at = now;
  made.stream = what.record.id;
  made.metadata = what.request.metadata;
  return made;
}

message answer_of(const stream_record& record, timestamp now) {
  message made;
  made.id = record.message;
  made.conversation = record.conversation;
  made.parent = record.user_message;
  made.role = role::assistant;
  made.status = message_status::generating;
  made.created_at = now;
  made.stream = record.id;
  made.model = record.model;
  return made;
}

} // namespace

result<accept_decision> decide(const accept& what, const storage::store& store,
                               timestamp now, timestamp claims_after) {
  accept_decision decision;
  auto replay = find_replay(what, store, claims_after);
  if (!replay)
    return fail(std::move(replay.error()));
  if (*replay) {
    decision.answer.record = std::move(**replay);
    decision.answer.replayed = true;
    return decision;
  }
  auto found = find_conversation(what, store, now);
  if (!found)
    return fail(std::move(found.error()));
  auto& conv = *found;
  auto record = what.record;
  if (record.model.empty())
    record.model = conv.model.empty() ? what.default_model : conv.model;
  record.started_at = now;
  auto question = user_message_of(what, conv, now);
  if (conv.title.empty())
    conv.title = derive_title(question.content);
  conv.message_count += 2;
  conv.last_message = record.message;
  conv.active_stream = record.id;
  conv.updated_at = now;
  using namespace storage;
  decision.writes.emplace_back(put_conversation{conv});
  decision.writes.emplace_back(put_message{std::move(question)});
  decision.writes.emplace_back(put_message{answer_of(record, now)});
  decision.writes.emplace_back(put_stream{record});
  if (!what.request.idempotency_key.empty())
    decision.writes.emplace_back(
      put_claim{{what.request.caller, what.request.idempotency_key,
                 what.request.body_digest, record.id, now}});
  decision.answer.conv = std::move(conv);
  decision.answer.record = std::move(record);
  return decision;
}

find_claim claim_question(std::string caller, std::string key,
                          std::chrono::milliseconds ttl) {
  return {
    std::move(caller), std::move(key), {timestamp::now().ms - ttl.count()}};
}

} // namespace parley::actors
