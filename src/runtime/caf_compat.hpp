// What differs between CAF 0.18 and 1.x, in one place.
#pragma once

#include <caf/abstract_actor.hpp>
#include <caf/actor_cast.hpp>
#include <caf/config.hpp>
#include <caf/mailbox_element.hpp>
#include <caf/message.hpp>

#if CAF_VERSION >= 10000
#  include <caf/scheduler.hpp>
#else
#  include <caf/execution_unit.hpp>
#endif

namespace parley::runtime {

// What an actor is run by: called execution unit until 0.18.
#if CAF_VERSION >= 10000
using caf_executor = caf::scheduler;
#else
using caf_executor = caf::execution_unit;
#endif

// Sends a ready-made message, so that many receivers share one. Its type is the
// caller's business: nothing checks it against the receiver's protocol.
template <class Sender, class Handle>
void send_shared(Sender* self, const Handle& to, const caf::message& what) {
  auto* receiver = caf::actor_cast<caf::abstract_actor*>(to);
#if CAF_VERSION >= 10000
  receiver->enqueue(
    caf::make_mailbox_element(self->ctrl(), caf::make_message_id(), what),
    self->context());
#else
  receiver->enqueue(self->ctrl(), caf::make_message_id(), what,
                    self->context());
#endif
}

} // namespace parley::runtime
