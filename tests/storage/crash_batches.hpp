// The numbered batches of the crash tests, and what is left of one.
#pragma once

#include <cstdint>
#include <vector>

#include "storage/store.hpp"
#include "tests/storage/builders.hpp"

namespace parley::storage {

inline const conversation_id crash_conversation = conversation_number(1);

// Three messages, an open stream and the conversation: what an
// accept and a finish write, up to some tens of kilobytes.
[[nodiscard]] std::vector<mutation> crash_batch(std::uint64_t n);

// How many of the batch's four records stand in the store.
[[nodiscard]] int parts_of_crash_batch(const store& it, std::uint64_t n);
inline constexpr int crash_batch_parts = 4;

} // namespace parley::storage
