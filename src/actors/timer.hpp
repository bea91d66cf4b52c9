// A timer of an actor that does not keep the actor alive: a stream that ends
// after a second leaves nothing behind for the minutes its time-out would have
// taken. Runs `f` as part of the actor, like `run_delayed`.
#pragma once

#include <chrono>
#include <utility>

#include <caf/action.hpp>
#include <caf/actor_clock.hpp>
#include <caf/actor_control_block.hpp>
#include <caf/config.hpp>
#include <caf/disposable.hpp>

namespace parley::actors {

template <class Actor, class Function>
caf::disposable run_after(Actor* self, std::chrono::nanoseconds delay,
                          Function f) {
#if CAF_VERSION >= 10000
  return self->run_delayed_weak(delay, std::move(f));
#else
  auto& clock = self->clock();
  // As run_delayed does: the clock takes actions that wait.
  auto what = caf::make_action(std::move(f), caf::action::state::waiting);
  return clock.schedule(clock.now() + delay, std::move(what),
                        caf::weak_actor_ptr{self->ctrl()});
#endif
}

} // namespace parley::actors
