// Who this node is: a name for people and a tag for ids, kept in the store so
// that both stay when the host is renamed or moved.
#pragma once

#include <string>

#include "chat/id.hpp"
#include "chat/result.hpp"
#include "storage/store.hpp"

namespace parley::app {

struct node_identity {
  std::string name;
  node_tag tag;
};

// Reads the identity, or makes it: `wanted_name`, else the host's name, and a
// random tag. A name that is configured and differs from the kept one replaces
// it; the tag never changes, because ids carry it.
[[nodiscard]] result<node_identity>
load_identity(storage::store& store, const std::string& wanted_name);

// What this machine is called.
[[nodiscard]] std::string host_name();

} // namespace parley::app
