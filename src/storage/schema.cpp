#include "storage/schema.hpp"

#include <array>
#include <memory>
#include <string>

#include "storage/keys.hpp"
#include "storage/rocksdb_status.hpp"
#include "storage/tlv.hpp"

namespace parley::storage {

namespace {

// Fills a batch that turns a database of the version before into one of this
// version; null where nothing of it was ever written.
using upgrade_t = result<void> (*)(rocksdb::DB& db, rocksdb::WriteBatch& out);

struct version {
  std::uint64_t number;
  upgrade_t upgrade;
};

constexpr std::array versions{
  version{1, nullptr},
};
static_assert(versions.back().number == schema_version);

// The value of `!schema`: field 1, the version.
std::string encode_version(std::uint64_t number) {
  std::string bytes;
  field_writer{bytes}.number(1, number);
  return bytes;
}

// 0 where the bytes are not ours.
std::uint64_t decode_version(std::string_view bytes) {
  field_reader in{bytes};
  std::uint64_t number = 0;
  while (in.next()) {
    if (in.field() == 1)
      number = in.number();
  }
  return in.ok() ? number : 0;
}

result<void> commit(rocksdb::DB& db, rocksdb::WriteBatch& batch,
                    std::uint64_t number) {
  rocksdb::WriteOptions options;
  options.sync = true;
  auto status =
    batch.Put(rocksdb::Slice{keys::schema.data(), keys::schema.size()},
              encode_version(number));
  if (status.ok())
    status = db.Write(options, &batch);
  if (!status.ok())
    return storage_error("write its schema version", status);
  return {};
}

result<void> begin(rocksdb::DB& db) {
  std::unique_ptr<rocksdb::Iterator> i{db.NewIterator(rocksdb::ReadOptions{})};
  i->SeekToFirst();
  if (!i->status().ok())
    return storage_error("read its schema version", i->status());
  if (i->Valid())
    return fail(errc::storage_failed,
                "The database in " + db.GetName()
                  + " was not written by Parley. Choose another data-dir.");
  rocksdb::WriteBatch batch;
  return commit(db, batch, schema_version);
}

} // namespace

result<void> ensure_schema(rocksdb::DB& db) {
  std::string bytes;
  auto status =
    db.Get(rocksdb::ReadOptions{},
           rocksdb::Slice{keys::schema.data(), keys::schema.size()}, &bytes);
  if (status.IsNotFound())
    return begin(db);
  if (!status.ok())
    return storage_error("read its schema version", status);
  auto found = decode_version(bytes);
  if (found == 0)
    return fail(errc::storage_failed, "The schema version of the database in "
                                        + db.GetName() + " is damaged.");
  if (found > schema_version)
    return fail(errc::storage_failed,
                "The database in " + db.GetName() + " has schema version "
                  + std::to_string(found) + "; this Parley knows version "
                  + std::to_string(schema_version)
                  + " and older. Start a newer Parley, or choose another "
                    "data-dir.");
  for (const auto& next : versions) {
    if (next.number <= found || next.upgrade == nullptr)
      continue;
    rocksdb::WriteBatch batch;
    if (auto done = next.upgrade(db, batch); !done)
      return done;
    if (auto done = commit(db, batch, next.number); !done)
      return done;
  }
  return {};
}

} // namespace parley::storage
