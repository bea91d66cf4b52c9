#include "tests/storage/faulty_env.hpp"

namespace parley::storage {

namespace {

using fault_ptr = std::shared_ptr<std::atomic<disk_fault>>;
using count_ptr = std::shared_ptr<std::atomic<int>>;

enum class file_kind { log, table, other };

file_kind kind_of(const std::string& name) {
  if (name.ends_with(".log"))
    return file_kind::log;
  return name.ends_with(".sst") ? file_kind::table : file_kind::other;
}

class faulty_file final : public rocksdb::FSWritableFileOwnerWrapper {
public:
  faulty_file(std::unique_ptr<rocksdb::FSWritableFile>&& file, file_kind kind,
              fault_ptr fault, count_ptr syncs)
    : FSWritableFileOwnerWrapper(std::move(file)),
      kind_(kind),
      fault_(std::move(fault)),
      syncs_(std::move(syncs)) {
  }

  rocksdb::IOStatus Append(const rocksdb::Slice& data,
                           const rocksdb::IOOptions& options,
                           rocksdb::IODebugContext* debug) override {
    if (!fails_to_append())
      return FSWritableFileOwnerWrapper::Append(data, options, debug);
    auto half = rocksdb::Slice{data.data(), data.size() / 2};
    auto status = FSWritableFileOwnerWrapper::Append(half, options, debug);
    return status.ok() ? rocksdb::IOStatus::NoSpace("told to fail") : status;
  }
  rocksdb::IOStatus Append(const rocksdb::Slice& data,
                           const rocksdb::IOOptions& options,
                           const rocksdb::DataVerificationInfo&,
                           rocksdb::IODebugContext* debug) override {
    return Append(data, options, debug);
  }
  rocksdb::IOStatus Sync(const rocksdb::IOOptions& options,
                         rocksdb::IODebugContext* debug) override {
    if (kind_ == file_kind::log)
      ++*syncs_;
    if (fails_to_sync())
      return rocksdb::IOStatus::IOError("told to fail");
    return FSWritableFileOwnerWrapper::Sync(options, debug);
  }
  rocksdb::IOStatus Fsync(const rocksdb::IOOptions& options,
                          rocksdb::IODebugContext* debug) override {
    return Sync(options, debug);
  }

private:
  bool every_third_time() {
    return ++calls_ % 3 == 0;
  }
  bool fails_to_append() {
    switch (*fault_) {
    case disk_fault::torn_append:
      return kind_ == file_kind::log;
    case disk_fault::no_room_for_tables:
      return kind_ == file_kind::table;
    case disk_fault::no_room:
      return true;
    case disk_fault::shaky:
      return every_third_time();
    default:
      return false;
    }
  }
  bool fails_to_sync() {
    switch (*fault_) {
    case disk_fault::failed_sync:
      return kind_ == file_kind::log;
    case disk_fault::shaky:
      return every_third_time();
    default:
      return false;
    }
  }

  const file_kind kind_;
  fault_ptr fault_;
  count_ptr syncs_;
  std::atomic<int> calls_{0};
};

class faulty_file_system final : public rocksdb::FileSystemWrapper {
public:
  faulty_file_system(fault_ptr fault, count_ptr syncs)
    : FileSystemWrapper(rocksdb::FileSystem::Default()),
      fault_(std::move(fault)),
      syncs_(std::move(syncs)) {
  }

  const char* Name() const override {
    return "parley.faulty_file_system";
  }

  rocksdb::IOStatus
  NewWritableFile(const std::string& name, const rocksdb::FileOptions& options,
                  std::unique_ptr<rocksdb::FSWritableFile>* file,
                  rocksdb::IODebugContext* debug) override {
    auto status =
      FileSystemWrapper::NewWritableFile(name, options, file, debug);
    if (status.ok())
      *file = std::make_unique<faulty_file>(std::move(*file), kind_of(name),
                                            fault_, syncs_);
    return status;
  }

private:
  fault_ptr fault_;
  count_ptr syncs_;
};

} // namespace

faulty_env::faulty_env()
  : fault_(std::make_shared<std::atomic<disk_fault>>(disk_fault::none)),
    syncs_(std::make_shared<std::atomic<int>>(0)),
    env_(rocksdb::NewCompositeEnv(
      std::make_shared<faulty_file_system>(fault_, syncs_))) {
  // nop
}

} // namespace parley::storage
