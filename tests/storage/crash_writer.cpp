// Writes numbered batches without end and reports each on standard output once
// `write` has returned, until it is killed: the child of crash_test.cpp.
//
//   storage_crash_writer <data folder> <none|disk> <first number>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include <unistd.h>

#include "storage/open.hpp"
#include "tests/storage/crash_batches.hpp"

int main(int argc, char** argv) {
  using namespace parley::storage;
  if (argc != 4)
    return 2;
  auto it = open_rocksdb_store(argv[1]);
  if (!it)
    return 3;
  auto sync =
    std::string_view{argv[2]} == "disk" ? sync_mode::disk : sync_mode::none;
  for (std::uint64_t n = std::strtoull(argv[3], nullptr, 10);; ++n) {
    if (!(*it)->write(crash_batch(n), sync))
      return 4;
    if (::write(STDOUT_FILENO, &n, sizeof n) != sizeof n)
      return 5;
  }
}
