// Whether a request may become a stream, and what is written then. Pure but for
// the reads it is given, so that the order of the checks is in one place:
//
//   1. the Idempotency-Key: an equal request joins its stream, busy or not;
//   2. the conversation exists;
//   3. it is not answering already.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "actors/messages.hpp"
#include "chat/result.hpp"
#include "storage/store.hpp"

namespace parley::actors {

struct accept_decision {
  accepted answer;
  std::vector<storage::mutation> writes; // empty for a replay
};

// `claims_after`: older claims count as forgotten (idempotency.ttl).
[[nodiscard]] result<accept_decision> decide(const accept& what,
                                             const storage::store& store,
                                             timestamp now,
                                             timestamp claims_after);

// Asks whether a key is taken, by the same measure.
[[nodiscard]] find_claim claim_question(std::string caller, std::string key,
                                        std::chrono::milliseconds ttl);

} // namespace parley::actors
