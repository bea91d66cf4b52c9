// parley: a chat backend whose streams survive. See README.md.
#include <cstdio>
#include <variant>

#include <caf/init_global_meta_objects.hpp>

#include "actors/type_ids.hpp"
#include "app/node.hpp"
#include "config/load.hpp"
#include "runtime/caf_transport.hpp"

int main(int argc, char** argv) {
  using namespace parley;
  auto outcome = config::load(config::input_of_process(argc, argv));
  if (auto* text = std::get_if<config::printed>(&outcome)) {
    std::fputs(text->text.c_str(), stdout);
    return static_cast<int>(app::exit_code::ok);
  }
  if (auto* text = std::get_if<config::refused>(&outcome)) {
    std::fputs(text->text.c_str(), stderr);
    return config::refused::exit_code;
  }
  caf::init_global_meta_objects<caf::id_block::parley>();
  runtime::init_network_types();
  caf::core::init_global_meta_objects();
  app::signals signals; // before any thread
  const auto& settings = std::get<config::loaded>(outcome).values;
  telemetry::log log{settings.log.level, settings.log.format};
  return static_cast<int>(app::run_node(settings, log, signals));
}
