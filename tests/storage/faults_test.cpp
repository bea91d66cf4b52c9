// Writes that fail: nothing of them is ever seen, and the store recovers.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <vector>

#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "storage/rocksdb_store.hpp"
#include "tests/storage/builders.hpp"
#include "tests/storage/faulty_env.hpp"

namespace parley::storage {

namespace fs = std::filesystem;

namespace {

const conversation_id conv = conversation_number(10);

// Batch n: two messages and the conversation, some kilobytes.
std::vector<mutation> batch_number(std::uint64_t n,
                                   std::size_t text_bytes = 3000) {
  auto x = full_conversation(conv, {static_cast<std::int64_t>(n)});
  x.message_count = n;
  auto first = full_message(conv, message_number(2 * n));
  auto second = full_message(conv, message_number(2 * n + 1));
  // Not compressible, so that it takes its room on the disk.
  std::uint64_t state = n + 1;
  for (std::size_t i = 0; i < text_bytes; ++i) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    first.content.push_back(static_cast<char>('!' + (state >> 33) % 90));
  }
  return {put_message{first}, put_conversation{x}, put_message{second}};
}

bool has_all_of(const store& it, std::uint64_t n) {
  return it.get_message(conv, message_number(2 * n))
         && it.get_message(conv, message_number(2 * n + 1));
}

bool has_none_of(const store& it, std::uint64_t n) {
  auto current = it.get_conversation(conv);
  return !it.get_message(conv, message_number(2 * n))
         && !it.get_message(conv, message_number(2 * n + 1))
         && (!current || current->message_count != n);
}

std::unique_ptr<rocksdb_store> open(const std::string& folder,
                                    rocksdb_settings settings = {}) {
  auto out = rocksdb_store::open(folder, settings);
  EXPECT_TRUE(out) << out.error().detail;
  return out ? *std::move(out) : nullptr;
}

// What a start would find if the process died now.
std::unique_ptr<rocksdb_store> open_copy(const std::string& folder,
                                         const temporary_folder& copy) {
  fs::copy(folder, copy.path(), fs::copy_options::recursive);
  return open(copy.path());
}

// A file system of its own, small enough to be filled.
class small_disk {
public:
  explicit small_disk(std::size_t bytes) {
    auto options = "mode=0700,size=" + std::to_string(bytes);
    mounted_ =
      ::mount("tmpfs", folder_.path().c_str(), "tmpfs", 0, options.c_str())
      == 0;
  }
  small_disk(const small_disk&) = delete;
  small_disk& operator=(const small_disk&) = delete;
  ~small_disk() {
    if (mounted_)
      ::umount2(folder_.path().c_str(), MNT_DETACH);
  }

  [[nodiscard]] bool mounted() const noexcept {
    return mounted_;
  }
  [[nodiscard]] std::string path() const {
    return folder_.path();
  }
  void fill() const {
    std::ofstream file{ballast(), std::ios::binary};
    std::vector<char> block(4096, 'x');
    while (file.write(block.data(), static_cast<std::streamsize>(block.size()))
             .flush())
      ;
  }
  void free() const {
    fs::remove(ballast());
  }
  [[nodiscard]] bool make_read_only(bool on) const {
    unsigned long flags = MS_REMOUNT | (on ? MS_RDONLY : 0);
    return ::mount(nullptr, folder_.path().c_str(), nullptr, flags, nullptr)
           == 0;
  }

private:
  [[nodiscard]] std::string ballast() const {
    return folder_.path() + "/ballast";
  }

  temporary_folder folder_;
  bool mounted_ = false;
};

#define NEEDS_SMALL_DISK(name, bytes)                                          \
  small_disk name{bytes};                                                      \
  if (!name.mounted())                                                         \
  GTEST_SKIP() << "mounting a file system needs root"

} // namespace

// -- faults in the log -----------------------------------------------------

class log_faults : public ::testing::TestWithParam<disk_fault> {};

TEST_P(log_faults, leave_nothing_of_the_batch_that_failed) {
  temporary_folder folder;
  faulty_env disk;
  rocksdb_settings settings;
  settings.env = disk.env();
  auto it = open(folder.path(), settings);
  ASSERT_TRUE(it->write(batch_number(1), sync_mode::none));
  disk.set(GetParam());
  auto failed = it->write(batch_number(2), sync_mode::disk);
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, errc::storage_failed);
  // Clients may be shown this.
  EXPECT_NE(failed.error().detail.find("told to fail"), std::string::npos);
  EXPECT_EQ(failed.error().detail.find('/'), std::string::npos)
    << failed.error().detail;
  // Now, after a death now, and after a death of a restart.
  EXPECT_TRUE(has_all_of(*it, 1));
  EXPECT_TRUE(has_none_of(*it, 2));
  {
    temporary_folder copy;
    auto restarted = open_copy(folder.path(), copy);
    EXPECT_TRUE(has_all_of(*restarted, 1));
    EXPECT_TRUE(has_none_of(*restarted, 2));
  }
  it.reset();
  disk.set(disk_fault::none);
  it = open(folder.path(), settings);
  EXPECT_TRUE(has_all_of(*it, 1));
  EXPECT_TRUE(has_none_of(*it, 2));
}

TEST_P(log_faults, stop_writes_until_a_probe_finds_the_disk_well) {
  temporary_folder folder;
  faulty_env disk;
  rocksdb_settings settings;
  settings.env = disk.env();
  auto it = open(folder.path(), settings);
  ASSERT_TRUE(it->write(batch_number(1), sync_mode::none));
  disk.set(GetParam());
  EXPECT_FALSE(it->write(batch_number(2), sync_mode::disk));
  EXPECT_FALSE(it->write(batch_number(3), sync_mode::disk));
  EXPECT_FALSE(it->put_meta("name", "value"));
  EXPECT_FALSE(it->sweep_expired({9}, {9}, 9));
  EXPECT_FALSE(it->probe());
  disk.set(disk_fault::none);
  // Writes that are not probes change nothing.
  EXPECT_FALSE(it->write(batch_number(4), sync_mode::disk));
  auto well = it->probe();
  ASSERT_TRUE(well) << well.error().detail;
  EXPECT_TRUE(it->write(batch_number(5), sync_mode::disk));
  it.reset();
  it = open(folder.path(), settings);
  for (std::uint64_t n : {2, 3, 4})
    EXPECT_TRUE(has_none_of(*it, n)) << n;
  EXPECT_TRUE(has_all_of(*it, 1));
  EXPECT_TRUE(has_all_of(*it, 5));
}

TEST_P(log_faults, are_survived_again_and_again) {
  temporary_folder folder;
  faulty_env disk;
  rocksdb_settings settings;
  settings.env = disk.env();
  auto it = open(folder.path(), settings);
  for (std::uint64_t n = 0; n < 40; n += 4) {
    ASSERT_TRUE(it->write(batch_number(n), sync_mode::none));
    ASSERT_TRUE(it->write(batch_number(n + 1), sync_mode::disk));
    disk.set(GetParam());
    ASSERT_FALSE(it->write(batch_number(n + 2, 100'000), sync_mode::disk));
    disk.set(disk_fault::none);
    ASSERT_TRUE(it->probe());
    ASSERT_TRUE(it->write(batch_number(n + 3), sync_mode::none));
  }
  it.reset();
  it = open(folder.path());
  for (std::uint64_t n = 0; n < 40; ++n)
    EXPECT_TRUE(n % 4 == 2 ? has_none_of(*it, n) : has_all_of(*it, n)) << n;
}

INSTANTIATE_TEST_SUITE_P(rocksdb_store, log_faults,
                         ::testing::Values(disk_fault::torn_append,
                                           disk_fault::failed_sync),
                         [](const auto& value) {
                           return value.param == disk_fault::torn_append
                                    ? "torn_append"
                                    : "failed_sync";
                         });

TEST(rocksdb_store, syncs_only_when_it_is_asked_to) {
  temporary_folder folder;
  faulty_env disk;
  rocksdb_settings settings;
  settings.env = disk.env();
  auto it = open(folder.path(), settings);
  auto before = disk.syncs();
  for (std::uint64_t n = 0; n < 50; ++n)
    ASSERT_TRUE(it->write(batch_number(n), sync_mode::none));
  EXPECT_EQ(disk.syncs(), before);
  ASSERT_TRUE(it->write(batch_number(50), sync_mode::disk));
  EXPECT_EQ(disk.syncs(), before + 1);
}

// -- faults elsewhere ------------------------------------------------------

TEST(rocksdb_store, keeps_what_it_took_when_tables_find_no_room) {
  temporary_folder folder;
  faulty_env disk;
  rocksdb_settings settings;
  settings.env = disk.env();
  auto it = open(folder.path(), settings);
  disk.set(disk_fault::no_room_for_tables);
  // Memtables fill up until none is left.
  std::uint64_t n = 0;
  while (it->write(batch_number(n, 500'000), sync_mode::none)) {
    ASSERT_LT(n, 1000u);
    ++n;
  }
  EXPECT_TRUE(has_none_of(*it, n));
  disk.set(disk_fault::none);
  auto well = it->probe();
  ASSERT_TRUE(well) << well.error().detail;
  ASSERT_TRUE(it->write(batch_number(n + 1), sync_mode::disk));
  it.reset();
  it = open(folder.path());
  for (std::uint64_t i = 0; i < n; ++i)
    EXPECT_TRUE(has_all_of(*it, i)) << i;
  EXPECT_TRUE(has_none_of(*it, n));
  EXPECT_TRUE(has_all_of(*it, n + 1));
}

TEST(rocksdb_store, keeps_its_word_on_a_disk_that_fails_now_and_then) {
  temporary_folder folder;
  faulty_env disk;
  rocksdb_settings settings;
  settings.env = disk.env();
  auto it = open(folder.path(), settings);
  std::vector<bool> written;
  auto expect_all = [&it, &written] {
    for (std::uint64_t n = 0; n < written.size(); ++n)
      ASSERT_TRUE(written[n] ? has_all_of(*it, n) : has_none_of(*it, n)) << n;
  };
  for (int round = 0; round < 8; ++round) {
    disk.set(round % 2 == 0 ? disk_fault::shaky : disk_fault::no_room);
    for (int i = 0; i < 6; ++i) {
      auto batch = batch_number(written.size(), 700'000);
      written.push_back(it->write(batch, sync_mode::disk).has_value());
      if (!written.back())
        (void)it->probe();
    }
    disk.set(disk_fault::none);
    auto well = it->probe();
    ASSERT_TRUE(well) << well.error().detail;
    expect_all();
  }
  it.reset();
  it = open(folder.path());
  expect_all();
}

// -- a full disk -----------------------------------------------------------

TEST(rocksdb_store, refuses_writes_while_the_disk_is_full) {
  NEEDS_SMALL_DISK(disk, 32 << 20);
  auto folder = disk.path() + "/data";
  auto it = open(folder);
  ASSERT_TRUE(it->write(batch_number(0), sync_mode::disk));
  disk.fill();
  EXPECT_FALSE(it->probe());
  // What the log has reserved still takes a while to fill.
  std::uint64_t n = 1;
  while (it->write(batch_number(n, 200'000), sync_mode::disk)) {
    ASSERT_LT(n, 1000u);
    ++n;
  }
  auto failed = it->write(batch_number(n + 1), sync_mode::disk);
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, errc::storage_failed);
  EXPECT_FALSE(it->probe());
  for (std::uint64_t i = 0; i < n; ++i)
    EXPECT_TRUE(has_all_of(*it, i)) << i;
  EXPECT_TRUE(has_none_of(*it, n));
  EXPECT_TRUE(has_none_of(*it, n + 1));
  {
    temporary_folder copy;
    fs::remove_all(copy.path());
    fs::copy(folder, copy.path(), fs::copy_options::recursive);
    auto restarted = open(copy.path());
    for (std::uint64_t i = 0; i < n; ++i)
      EXPECT_TRUE(has_all_of(*restarted, i)) << i;
    EXPECT_TRUE(has_none_of(*restarted, n));
  }
  disk.free();
  auto well = it->probe();
  ASSERT_TRUE(well) << well.error().detail;
  ASSERT_TRUE(it->write(batch_number(n + 2), sync_mode::disk));
  it.reset();
  it = open(folder);
  for (std::uint64_t i = 0; i < n; ++i)
    EXPECT_TRUE(has_all_of(*it, i)) << i;
  EXPECT_TRUE(has_none_of(*it, n));
  EXPECT_TRUE(has_none_of(*it, n + 1));
  EXPECT_TRUE(has_all_of(*it, n + 2));
}

TEST(rocksdb_store, recovers_from_a_full_disk_as_often_as_it_happens) {
  NEEDS_SMALL_DISK(disk, 64 << 20);
  auto it = open(disk.path() + "/data");
  std::uint64_t n = 0;
  for (int round = 0; round < 3; ++round) {
    disk.fill();
    EXPECT_FALSE(it->probe());
    std::uint64_t end = n + 1000;
    while (it->write(batch_number(n, 300'000), sync_mode::none)) {
      ++n;
      ASSERT_LT(n, end);
    }
    EXPECT_FALSE(it->probe());
    disk.free();
    auto well = it->probe();
    ASSERT_TRUE(well) << well.error().detail;
    EXPECT_TRUE(has_none_of(*it, n));
    ++n;
    ASSERT_TRUE(it->write(batch_number(n), sync_mode::disk));
    // Makes room for the next round.
    ASSERT_TRUE(it->write(std::vector<mutation>{erase_conversation{conv}},
                          sync_mode::disk));
    ASSERT_TRUE(it->compact());
    ++n;
  }
}

TEST(rocksdb_store, says_what_is_wrong_with_a_full_disk_at_its_start) {
  NEEDS_SMALL_DISK(disk, 4 << 20);
  disk.fill();
  auto failed = rocksdb_store::open(disk.path() + "/data");
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, errc::storage_failed);
  EXPECT_NE(failed.error().detail.find("No space left"), std::string::npos)
    << failed.error().detail;
  EXPECT_NE(failed.error().detail.find(disk.path()), std::string::npos)
    << failed.error().detail;
  disk.free();
  auto it = open(disk.path() + "/data");
  EXPECT_TRUE(it->write(batch_number(1), sync_mode::disk));
}

// -- a read-only disk ------------------------------------------------------

TEST(rocksdb_store, says_what_is_wrong_with_a_read_only_folder) {
  NEEDS_SMALL_DISK(disk, 16 << 20);
  ASSERT_TRUE(
    open(disk.path() + "/data")->write(batch_number(1), sync_mode::disk));
  ASSERT_TRUE(disk.make_read_only(true));
  for (const auto* folder : {"/data", "/new"}) {
    auto failed = rocksdb_store::open(disk.path() + folder);
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().code, errc::storage_failed);
    EXPECT_NE(failed.error().detail.find("Read-only"), std::string::npos)
      << failed.error().detail;
    EXPECT_NE(failed.error().detail.find(disk.path()), std::string::npos);
  }
  ASSERT_TRUE(disk.make_read_only(false));
  EXPECT_TRUE(has_all_of(*open(disk.path() + "/data"), 1));
}

} // namespace parley::storage
