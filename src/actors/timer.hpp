// A timer of an actor that does not keep the actor alive: a stream that ends
// after a second leaves nothing behind for the minutes its time-out would have
// taken. Runs `f` as part of the actor, like `run_delayed`.
#pragma once

#include <chrono>
#include <utility>

#include <caf/action.hpp>
#include <caf/actor_clock.hpp>
#include <caf/actor_control_block.hpp>
#include <caf/disposable.hpp>

namespace parley::actors {

template <class Actor, class Function>
caf::disposable run_after(Actor* self, std::chrono::nanoseconds delay,
                          Function f) {
  auto& clock = self->clock();
  return clock.schedule(clock.now() + delay, caf::make_action(std::move(f)),
                        caf::weak_actor_ptr{self->ctrl()});
}

} // namespace parley::actors
