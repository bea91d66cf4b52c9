#include "storage/purger.hpp"

#include <string>
#include <utility>

#include "storage/keys.hpp"

namespace parley::storage {

namespace {

// From this many on, one compaction of all conversations is less work than one
// of each.
constexpr std::size_t many = 64;

} // namespace

purger::purger(rocksdb::DB& db, std::vector<conversation_id> pending,
               std::chrono::milliseconds rest)
  : db_(db),
    rest_(rest),
    pending_(std::move(pending)),
    thread_([this](const std::stop_token& stop) { run(stop); }) {
  // nop
}

purger::~purger() {
  cancelled_ = true;
  thread_.request_stop();
  thread_.join();
}

void purger::request(const std::vector<conversation_id>& ids) {
  if (ids.empty())
    return;
  std::unique_lock guard{mutex_};
  pending_.insert(pending_.end(), ids.begin(), ids.end());
  wake_.notify_one();
}

std::vector<conversation_id> purger::take_done() {
  std::unique_lock guard{mutex_};
  return std::exchange(done_, {});
}

void purger::run(const std::stop_token& stop) {
  std::unique_lock guard{mutex_};
  while (wake_.wait(guard, stop, [this] { return !pending_.empty(); })) {
    wake_.wait_for(guard, stop, rest_, [] { return false; });
    if (stop.stop_requested())
      return;
    auto ids = std::exchange(pending_, {});
    guard.unlock();
    bool done = compact(ids);
    guard.lock();
    // After a failure (a full disk) the next start tries again.
    if (done)
      done_.insert(done_.end(), ids.begin(), ids.end());
  }
}

bool purger::compact(const std::vector<conversation_id>& ids) {
  // Claims hold the caller and the key; all of them are a day's work.
  auto claims = std::string{keys::claim_kind};
  if (!compact_range(claims, keys::end_of(claims)))
    return false;
  if (ids.size() >= many)
    return compact_range("v", "w");
  for (const auto& id : ids) {
    auto begin = keys::all_of(id);
    if (!compact_range(begin, keys::end_of(begin)))
      return false;
  }
  return true;
}

bool purger::compact_range(const std::string& begin, const std::string& end) {
  rocksdb::CompactRangeOptions options;
  options.exclusive_manual_compaction = false;
  options.canceled = &cancelled_;
  rocksdb::Slice from{begin};
  rocksdb::Slice to{end};
  return db_.CompactRange(options, &from, &to).ok();
}

} // namespace parley::storage
