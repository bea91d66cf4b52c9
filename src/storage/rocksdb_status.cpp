#include "storage/rocksdb_status.hpp"

#include <algorithm>
#include <utility>

namespace parley::storage {

std::string without_folders(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    auto word = text.substr(0, std::min(text.find(' '), text.size() - 1) + 1);
    text.remove_prefix(word.size());
    if (word.starts_with('/'))
      word.remove_prefix(word.rfind('/') + 1);
    out += word;
  }
  return out;
}

tl::unexpected<error> storage_error(std::string_view tried,
                                    const rocksdb::Status& status) {
  std::string detail{"The store could not "};
  detail += tried;
  detail += ": ";
  detail += without_folders(status.ToString());
  return fail(errc::storage_failed, std::move(detail));
}

} // namespace parley::storage
