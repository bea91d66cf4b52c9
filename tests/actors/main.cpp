// Runs the actor tests: CAF's test DSL, with a deterministic scheduler.
#define CAF_TEST_NO_MAIN

#include "tests/actors/support/world.hpp"

#include <caf/init_global_meta_objects.hpp>
#include <caf/test/unit_test_impl.hpp>

int main(int argc, char** argv) {
  caf::init_global_meta_objects<caf::id_block::parley>();
  caf::core::init_global_meta_objects();
  caf::test::engine::max_runtime(0);
  return caf::test::main(argc, argv);
}
