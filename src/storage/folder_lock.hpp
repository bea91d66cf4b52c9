// One process, and one store in it, per data folder.
#pragma once

#include <memory>
#include <string>

#include "chat/result.hpp"

namespace parley::storage {

// Holds the lock on a folder until destroyed; the kernel lets it go when the
// process dies, however that happens.
class folder_lock {
public:
  // Creates `folder` where it is missing, for its owner only. Fails with a
  // sentence for the operator.
  [[nodiscard]] static result<std::unique_ptr<folder_lock>>
  acquire(const std::string& folder);

  folder_lock(const folder_lock&) = delete;
  folder_lock& operator=(const folder_lock&) = delete;
  ~folder_lock();

private:
  explicit folder_lock(int fd) : fd_(fd) {
  }

  int fd_;
};

} // namespace parley::storage
