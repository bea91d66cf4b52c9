// The composition root: builds all parts of a node, wires them, runs them, and
// takes them down in order. The only place that knows every layer.
#pragma once

#include "app/exit_code.hpp"
#include "app/signals.hpp"
#include "config/settings.hpp"
#include "telemetry/log.hpp"

namespace parley::app {

// Runs a node until a signal ends it. Prints the one line on standard output
// that API §6 promises once requests are taken.
[[nodiscard]] exit_code run_node(const config::settings& settings,
                                 const telemetry::log& log,
                                 const signals& signals);

} // namespace parley::app
