// Takes the bytes of erased conversations off the disk.
//
// A deletion in RocksDB is a record like any other: the text itself goes when
// a compaction meets both. The purger compacts the ranges of erased
// conversations on a thread of its own, soon after. What it has still to do
// stands in the database (keys::purge), so that a restart does not lose it.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <stop_token>
#include <thread>
#include <vector>

#include <rocksdb/db.h>

#include "chat/id.hpp"

namespace parley::storage {

class purger {
public:
  // Begins at once with `pending`. `rest` is the time from the first request to
  // its compaction, so that many erasures are one piece of work.
  purger(rocksdb::DB& db, std::vector<conversation_id> pending,
         std::chrono::milliseconds rest);
  // Breaks off a compaction that runs. The database must still be there.
  ~purger();

  // Any thread.
  void request(const std::vector<conversation_id>& ids);
  // Those that are done since the last call; whoever writes to the database
  // removes their keys::purge. Any thread.
  [[nodiscard]] std::vector<conversation_id> take_done();

private:
  void run(const std::stop_token& stop);
  [[nodiscard]] bool compact(const std::vector<conversation_id>& ids);
  [[nodiscard]] bool compact_range(const std::string& begin,
                                   const std::string& end);

  rocksdb::DB& db_;
  const std::chrono::milliseconds rest_;
  std::mutex mutex_;
  std::condition_variable_any wake_;
  std::vector<conversation_id> pending_;
  std::vector<conversation_id> done_;
  std::atomic<bool> cancelled_{false};
  std::jthread thread_; // last: it uses all of the above
};

} // namespace parley::storage
