// Records to store, with every field set, and the folders to store them in.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "storage/store.hpp"

namespace parley::storage {

// A folder of its own, removed at the end.
class temporary_folder {
public:
  temporary_folder();
  temporary_folder(const temporary_folder&) = delete;
  temporary_folder& operator=(const temporary_folder&) = delete;
  ~temporary_folder();

  [[nodiscard]] const std::string& path() const noexcept {
    return path_;
  }

private:
  std::string path_;
};

// The n-th id of its kind; a higher n sorts behind.
[[nodiscard]] conversation_id conversation_number(std::uint64_t n);
[[nodiscard]] message_id message_number(std::uint64_t n);
[[nodiscard]] stream_id stream_number(std::uint64_t n);

// Every field has a value that is not its default.
[[nodiscard]] conversation full_conversation(const conversation_id& id,
                                             timestamp updated_at);
[[nodiscard]] message full_message(const conversation_id& conversation,
                                   const message_id& id);
[[nodiscard]] stream_record full_stream(const conversation_id& conversation,
                                        const stream_id& id,
                                        const message_id& answer);
// `full_stream` before its end.
[[nodiscard]] stream_record open_stream(const conversation_id& conversation,
                                        const stream_id& id,
                                        const message_id& answer);
// The message that an open stream writes.
[[nodiscard]] message generating_message(const conversation_id& conversation,
                                         const message_id& id,
                                         const stream_id& stream);
[[nodiscard]] idempotency_claim claim_for(const stream_id& stream,
                                          std::string_view caller,
                                          std::string_view key,
                                          timestamp created_at);
[[nodiscard]] log_segment text_segment(const stream_id& stream, seq_t first_seq,
                                       std::string_view text);

[[nodiscard]] bool same(const log_segment& a, const log_segment& b);
[[nodiscard]] bool same(const std::vector<log_segment>& a,
                        const std::vector<log_segment>& b);

// True when a file below `folder` holds the bytes.
[[nodiscard]] bool any_file_holds(const std::string& folder,
                                  std::string_view needle);

} // namespace parley::storage
