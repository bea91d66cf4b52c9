// What time removes: claims, then terminal streams, then tombstones, the oldest
// of each first.
#pragma once

#include <cstddef>

#include "chat/result.hpp"
#include "storage/record_writer.hpp"

namespace parley::storage {

// Puts into `out`, which is empty, what store::sweep_expired removes from `db`.
// Returns how many records that are, at most `max_items`.
[[nodiscard]] result<std::size_t> sweep(rocksdb::DB& db, record_writer& out,
                                        timestamp streams_before,
                                        timestamp claims_before,
                                        std::size_t max_items);

} // namespace parley::storage
