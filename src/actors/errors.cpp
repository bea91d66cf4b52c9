#include "actors/errors.hpp"

#include <caf/exit_reason.hpp>
#include <caf/message.hpp>
#include <caf/sec.hpp>

namespace parley::actors {

caf::error to_caf(error what) {
  auto code = what.code;
  return caf::error{code, caf::make_message(std::move(what))};
}

error to_error(const caf::error& what) {
  if (what.category() == caf::type_id_v<errc>) {
    if (what.context().match_elements<error>())
      return what.context().get_as<error>(0);
    return error{static_cast<errc>(what.code()), {}, {}, {}, std::nullopt};
  }
  if (what == caf::sec::request_timeout)
    return error{errc::overloaded,
                 "the server did not get to this request in time; try again",
                 {},
                 {},
                 std::chrono::seconds{1}};
  if (what == caf::sec::remote_lookup_failed
      || what == caf::sec::no_route_to_receiving_node
      || what == caf::exit_reason::remote_link_unreachable)
    return error{errc::node_unavailable,
                 "the node that holds this cannot be reached; try again",
                 {},
                 {},
                 std::chrono::seconds{1}};
  return error{
    errc::internal, "an actor ended unexpectedly", {}, {}, std::nullopt};
}

} // namespace parley::actors
