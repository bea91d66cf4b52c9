// kill -9 at any moment: every batch whose `write` returned is there, none is
// there in part.
#include <gtest/gtest.h>

#include <random>
#include <string>

#include <csignal>
#include <sys/wait.h>
#include <unistd.h>

#include "storage/open.hpp"
#include "tests/storage/crash_batches.hpp"

namespace parley::storage {

namespace {

// A writer in a process of its own, which is gone with this object.
class writer_process {
public:
  writer_process(const std::string& folder, const char* sync,
                 std::uint64_t first) {
    int ends[2];
    if (::pipe(ends) != 0)
      return;
    auto from = std::to_string(first);
    pid_ = ::fork();
    if (pid_ == 0) {
      ::dup2(ends[1], STDOUT_FILENO);
      ::close(ends[0]);
      ::close(ends[1]);
      ::execl(PARLEY_CRASH_WRITER, PARLEY_CRASH_WRITER, folder.c_str(), sync,
              from.c_str(), nullptr);
      ::_exit(127);
    }
    ::close(ends[1]);
    reports_ = ends[0];
  }
  writer_process(const writer_process&) = delete;
  writer_process& operator=(const writer_process&) = delete;
  ~writer_process() {
    ::close(reports_);
  }

  // The number of the next batch that was written; false once it is dead.
  [[nodiscard]] bool next(std::uint64_t& n) const {
    return ::read(reports_, &n, sizeof n) == sizeof n;
  }

  void kill() const {
    ::kill(pid_, SIGKILL);
    int status = 0;
    ::waitpid(pid_, &status, 0);
    EXPECT_TRUE(WIFSIGNALED(status)) << "it ended by itself: " << status;
  }

private:
  pid_t pid_ = -1;
  int reports_ = -1;
};

void run(const char* sync, int kills, unsigned seed) {
  temporary_folder folder;
  std::mt19937 random{seed};
  std::uint64_t first = 1;
  for (int round = 0; round < kills; ++round) {
    SCOPED_TRACE("kill " + std::to_string(round));
    std::uint64_t last = first - 1;
    {
      writer_process writer{folder.path(), sync, first};
      auto reports = std::uniform_int_distribution<int>{0, 60}(random);
      while (reports-- > 0)
        ASSERT_TRUE(writer.next(last));
      writer.kill();
      // What it still said before it died counts.
      while (writer.next(last)) {
      }
    }
    auto it = open_rocksdb_store(folder.path());
    ASSERT_TRUE(it) << it.error().detail;
    std::uint64_t n = 1;
    for (; n <= last; ++n)
      ASSERT_EQ(parts_of_crash_batch(**it, n), crash_batch_parts) << n;
    // The one whose report did not come may be there, but whole.
    auto parts = parts_of_crash_batch(**it, n);
    ASSERT_TRUE(parts == 0 || parts == crash_batch_parts) << n;
    if (parts != 0)
      last = n;
    ASSERT_EQ(parts_of_crash_batch(**it, last + 1), 0);
    auto value = (*it)->get_conversation(crash_conversation);
    ASSERT_EQ(value ? value->message_count : 0, last);
    first = last + 1;
  }
  EXPECT_GT(first, 1u) << "nothing was written";
}

} // namespace

TEST(rocksdb_store, keeps_every_batch_over_kills_without_sync) {
  run("none", 25, 1);
}

TEST(rocksdb_store, keeps_every_batch_over_kills_with_sync) {
  run("disk", 25, 2);
}

} // namespace parley::storage
