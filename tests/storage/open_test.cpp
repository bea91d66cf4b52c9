// Opening: the folder, its lock, the schema, a torn log.
#include <gtest/gtest.h>

#include <cstdio>
#include <filesystem>
#include <memory>
#include <random>

#include <sys/wait.h>
#include <unistd.h>

#include <rocksdb/db.h>

#include "storage/keys.hpp"
#include "storage/rocksdb_options.hpp"
#include "storage/rocksdb_store.hpp"
#include "storage/schema.hpp"
#include "storage/tlv.hpp"
#include "tests/storage/builders.hpp"

namespace parley::storage {

namespace fs = std::filesystem;

namespace {

const conversation_id conv = conversation_number(10);

std::unique_ptr<rocksdb_store> open(const std::string& folder) {
  auto out = rocksdb_store::open(folder);
  EXPECT_TRUE(out) << out.error().detail;
  return out ? *std::move(out) : nullptr;
}

std::string failure_to_open(const std::string& folder) {
  auto out = rocksdb_store::open(folder);
  EXPECT_FALSE(out);
  if (out)
    return {};
  EXPECT_EQ(out.error().code, errc::storage_failed);
  return out.error().detail;
}

// The database itself, behind the store's back.
std::unique_ptr<rocksdb::DB> open_database(const std::string& folder) {
  fs::create_directories(folder);
  rocksdb::DB* db = nullptr;
  auto status =
    rocksdb::DB::Open(make_rocksdb_options(), folder + "/store", &db);
  EXPECT_TRUE(status.ok()) << status.ToString();
  return std::unique_ptr<rocksdb::DB>{db};
}

void set_schema(const std::string& folder, const std::string& bytes) {
  auto db = open_database(folder);
  ASSERT_TRUE(
    db->Put(rocksdb::WriteOptions{}, std::string{keys::schema}, bytes).ok());
}

std::vector<fs::path> log_files(const std::string& folder) {
  std::vector<fs::path> out;
  for (const auto& entry : fs::directory_iterator{folder + "/store"}) {
    if (entry.path().extension() == ".log" && entry.file_size() > 0)
      out.push_back(entry.path());
  }
  return out;
}

} // namespace

// -- the folder ------------------------------------------------------------

TEST(open_rocksdb_store, creates_the_folder_for_its_owner_only) {
  temporary_folder parent;
  auto folder = parent.path() + "/a/b";
  ASSERT_TRUE(open(folder));
  EXPECT_EQ(fs::status(folder).permissions(), fs::perms::owner_all);
  EXPECT_TRUE(fs::is_directory(folder + "/store"));
}

TEST(open_rocksdb_store, leaves_a_folder_that_exists_as_it_is) {
  temporary_folder folder;
  fs::permissions(folder.path(), fs::perms{0750});
  ASSERT_TRUE(open(folder.path()));
  EXPECT_EQ(fs::status(folder.path()).permissions(), fs::perms{0750});
}

TEST(open_rocksdb_store, says_so_when_the_folder_is_a_file) {
  temporary_folder folder;
  auto file = folder.path() + "/file";
  std::fclose(std::fopen(file.c_str(), "w"));
  EXPECT_NE(failure_to_open(file).find(file), std::string::npos);
  EXPECT_NE(failure_to_open(file + "/data").find(file), std::string::npos);
}

// -- the lock --------------------------------------------------------------

TEST(open_rocksdb_store, refuses_a_second_store_on_the_folder) {
  temporary_folder folder;
  auto first = open(folder.path());
  auto sentence = failure_to_open(folder.path());
  EXPECT_NE(sentence.find("is in use by another process"), std::string::npos)
    << sentence;
  EXPECT_NE(sentence.find(folder.path()), std::string::npos) << sentence;
  // It does no harm to the first.
  EXPECT_TRUE(first->put_meta("a", "b"));
  first.reset();
  EXPECT_TRUE(open(folder.path()));
}

TEST(open_rocksdb_store, refuses_the_folder_to_a_second_process) {
  temporary_folder folder;
  auto lock = folder_lock::acquire(folder.path());
  ASSERT_TRUE(lock);
  auto child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    auto second = folder_lock::acquire(folder.path());
    bool refused =
      !second
      && second.error().detail.find("is in use by another process "
                                    "(process "
                                    + std::to_string(::getppid()) + ")")
           != std::string::npos;
    ::_exit(refused ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

// -- the schema ------------------------------------------------------------

TEST(open_rocksdb_store, refuses_a_schema_that_is_newer) {
  temporary_folder folder;
  std::string bytes;
  field_writer{bytes}.number(1, schema_version + 1);
  set_schema(folder.path(), bytes);
  auto sentence = failure_to_open(folder.path());
  EXPECT_NE(
    sentence.find("has schema version " + std::to_string(schema_version + 1)),
    std::string::npos)
    << sentence;
}

TEST(open_rocksdb_store, refuses_a_schema_mark_that_is_damaged) {
  temporary_folder folder;
  for (std::string bytes : {"", "\x02", "\x02\x80", "1"}) {
    set_schema(folder.path(), bytes);
    EXPECT_NE(failure_to_open(folder.path()).find("damaged"),
              std::string::npos);
  }
}

TEST(open_rocksdb_store, refuses_a_database_that_parley_did_not_write) {
  temporary_folder folder;
  ASSERT_TRUE(open_database(folder.path())
                ->Put(rocksdb::WriteOptions{}, "key", "value")
                .ok());
  EXPECT_NE(failure_to_open(folder.path()).find("not written by Parley"),
            std::string::npos);
}

// -- damage ----------------------------------------------------------------

TEST(open_rocksdb_store, reports_a_damaged_record_and_reads_the_others) {
  temporary_folder folder;
  auto good = full_message(conv, message_number(1));
  auto bad = full_message(conv, message_number(2));
  ASSERT_TRUE(
    open(folder.path())
      ->write(std::vector<mutation>{put_message{good}, put_message{bad}},
              sync_mode::none));
  ASSERT_TRUE(
    open_database(folder.path())
      ->Put(rocksdb::WriteOptions{}, keys::message(conv, bad.id), "m\xff\xff")
      .ok());
  auto it = open(folder.path());
  EXPECT_EQ(*it->get_message(conv, good.id), good);
  auto failed = it->get_message(conv, bad.id);
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, errc::storage_failed);
  EXPECT_NE(failed.error().detail.find("message " + bad.id.str()),
            std::string::npos);
}

TEST(open_rocksdb_store, lists_the_conversations_beside_a_damaged_one) {
  temporary_folder folder;
  const auto other = conversation_number(2);
  ASSERT_TRUE(
    open(folder.path())
      ->write(
        std::vector<mutation>{put_conversation{full_conversation(conv, {1})},
                              put_conversation{full_conversation(other, {2})}},
        sync_mode::none));
  ASSERT_TRUE(open_database(folder.path())
                ->Put(rocksdb::WriteOptions{}, keys::record(conv), "c\xff\xff")
                .ok());
  auto it = open(folder.path());
  auto found = it->list_conversations({}, 10);
  ASSERT_TRUE(found) << found.error().detail;
  ASSERT_EQ(found->items.size(), 1u);
  EXPECT_EQ(found->items[0].id, other);
  EXPECT_EQ(it->get_conversation(conv).error().code, errc::storage_failed);
}

// What a loss of power does to a log that was not synced: it ends anywhere, or
// in zeros, or in anything.
TEST(open_rocksdb_store, takes_the_whole_batches_of_a_log_torn_anywhere) {
  constexpr std::uint64_t batches = 60;
  temporary_folder folder;
  auto it = open(folder.path());
  for (std::uint64_t n = 1; n <= batches; ++n) {
    auto value = full_conversation(conv, {static_cast<std::int64_t>(n)});
    value.message_count = n;
    auto text = full_message(conv, message_number(n));
    text.content.assign(500 + 37 * n, 'x');
    ASSERT_TRUE(it->write(
      std::vector<mutation>{put_message{text}, put_conversation{value}},
      sync_mode::none));
  }
  it.reset();
  auto logs = log_files(folder.path());
  ASSERT_EQ(logs.size(), 1u);
  auto size = fs::file_size(logs[0]);
  std::mt19937 random{7};
  for (int round = 0; round < 18; ++round) {
    temporary_folder copy;
    fs::copy(folder.path(), copy.path(), fs::copy_options::recursive);
    auto log = log_files(copy.path())[0];
    auto end = std::uniform_int_distribution<std::uintmax_t>{0, size}(random);
    fs::resize_file(log, end);
    if (round % 3 == 1) // zeros where text should be
      fs::resize_file(log, size);
    if (round % 3 == 2) {
      auto* file = std::fopen(log.c_str(), "a");
      for (int i = 0; i < 5000; ++i)
        std::fputc(static_cast<int>(random() % 256), file);
      std::fclose(file);
    }
    it = open(copy.path());
    ASSERT_TRUE(it);
    auto last = it->get_conversation(conv);
    std::uint64_t applied = last ? last->message_count : 0;
    for (std::uint64_t n = 1; n <= batches; ++n)
      EXPECT_EQ(it->get_message(conv, message_number(n)).has_value(),
                n <= applied)
        << n << " of " << applied;
    // And it takes writes that stay.
    ASSERT_TRUE(it->put_meta("after", "it"));
    it.reset();
    it = open(copy.path());
    EXPECT_EQ(*it->get_meta("after"), "it");
  }
}

} // namespace parley::storage
