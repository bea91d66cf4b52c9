// What differs between CAF 0.18 and 1.x, in one place. What is told apart
// elsewhere in this folder is the scheduler, which is our own with 0.18 only.
//
// It is CAF_MAJOR_VERSION that is looked at: 1.1.0 has a CAF_VERSION of 0100,
// which is less than that of any 0.18.
#pragma once

#include <chrono>
#include <utility>

#include <caf/abstract_actor.hpp>
#include <caf/actor_cast.hpp>
#include <caf/config.hpp>
#include <caf/disposable.hpp>
#include <caf/mailbox_element.hpp>
#include <caf/message.hpp>

#if CAF_MAJOR_VERSION >= 1
#  include <caf/scheduler.hpp>
#else
#  include <caf/action.hpp>
#  include <caf/actor_clock.hpp>
#  include <caf/actor_control_block.hpp>
#  include <caf/execution_unit.hpp>
#endif

namespace parley::runtime {

// What an actor is run by: called execution unit until 0.18.
#if CAF_MAJOR_VERSION >= 1
using caf_executor = caf::scheduler;
#else
using caf_executor = caf::execution_unit;
#endif

// Sends a ready-made message in the name of an actor, run by `host` or by
// nobody. Its type is the caller's business: nothing checks it against the
// receiver's protocol.
template <class Handle>
void send_in_name_of(caf::strong_actor_ptr sender, const Handle& to,
                     const caf::message& what, caf_executor* host) {
  auto* receiver = caf::actor_cast<caf::abstract_actor*>(to);
#if CAF_MAJOR_VERSION >= 1
  receiver->enqueue(
    caf::make_mailbox_element(std::move(sender), caf::make_message_id(), what),
    host);
#else
  receiver->enqueue(std::move(sender), caf::make_message_id(), what, host);
#endif
}

// The same from an actor that runs, so that many receivers share one message.
template <class Sender, class Handle>
void send_shared(Sender* self, const Handle& to, const caf::message& what) {
  send_in_name_of(self->ctrl(), to, what, self->context());
}

// Runs `f` as part of the actor after `delay`, unless the actor is gone by
// then: the timer does not keep it alive.
template <class Actor, class Function>
caf::disposable run_delayed_weak(Actor* self, std::chrono::nanoseconds delay,
                                 Function f) {
#if CAF_MAJOR_VERSION >= 1
  return self->run_delayed_weak(delay, std::move(f));
#else
  auto& clock = self->clock();
  // As run_delayed does: the clock takes actions that wait.
  auto what = caf::make_action(std::move(f), caf::action::state::waiting);
  return clock.schedule(clock.now() + delay, std::move(what),
                        caf::weak_actor_ptr{self->ctrl()});
#endif
}

} // namespace parley::runtime
