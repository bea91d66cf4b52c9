// What the process' exit code says. docs/operations.md has the same table.
#pragma once

namespace parley::app {

enum class exit_code : int {
  ok = 0,          // ended because it was asked to, everything stored
  bad_config = 2,  // an option is wrong; standard error names it
  no_storage = 3,  // the data folder cannot be used, or is in use
  no_listener = 4, // the address cannot be listened on
  failure = 70,    // a defect ended it; the log says which part
};

} // namespace parley::app
