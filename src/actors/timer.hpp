// A timer of an actor that does not keep the actor alive: a stream that ends
// after a second leaves nothing behind for the minutes its time-out would have
// taken. Runs `f` as part of the actor, like `run_delayed`.
#pragma once

#include <chrono>
#include <utility>

#include <caf/disposable.hpp>

#include "runtime/caf_compat.hpp"

namespace parley::actors {

template <class Actor, class Function>
caf::disposable run_after(Actor* self, std::chrono::nanoseconds delay,
                          Function f) {
  return runtime::run_delayed_weak(self, delay, std::move(f));
}

} // namespace parley::actors
