// Is there room to write in a folder?
#pragma once

#include <cstdint>
#include <string>

#include "chat/result.hpp"

namespace parley::storage {

// errc::storage_failed when fewer than `bytes` are free for us: asks the file
// system, which costs nothing.
[[nodiscard]] result<void> check_free_space(const std::string& folder,
                                            std::uint64_t bytes);

// The same, and proves it: reserves `bytes` in a file of its own, writes and
// syncs the first 64 KiB, and removes it. Finds what a file system's figures
// do not tell: quotas, read-only mounts, dead disks.
[[nodiscard]] result<void> prove_room(const std::string& folder,
                                      std::uint64_t bytes);

} // namespace parley::storage
