#include "tests/storage/builders.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <stdexcept>

#include <cstdlib>

namespace parley::storage {

// -- folders ---------------------------------------------------------------

temporary_folder::temporary_folder() {
  auto pattern =
    (std::filesystem::temp_directory_path() / "parley-test-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr)
    throw std::runtime_error{"no temporary folder"};
  path_ = pattern;
}

temporary_folder::~temporary_folder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

bool any_file_holds(const std::string& folder, std::string_view needle) {
  using iterator = std::filesystem::recursive_directory_iterator;
  for (const auto& entry : iterator{folder}) {
    if (!entry.is_regular_file())
      continue;
    std::ifstream file{entry.path(), std::ios::binary};
    std::string bytes{std::istreambuf_iterator<char>{file}, {}};
    if (bytes.find(needle) != std::string::npos)
      return true;
  }
  return false;
}

// -- ids -------------------------------------------------------------------

namespace {

template <class Id>
Id id_number(std::uint64_t n) {
  std::string body(26, '0');
  constexpr std::string_view digits = "0123456789abcdefghjkmnpqrstvwxyz";
  for (auto i = body.rbegin(); n != 0; ++i, n /= 32)
    *i = digits[n % 32];
  return Id::parse(std::string{Id::prefix} + body).value();
}

} // namespace

conversation_id conversation_number(std::uint64_t n) {
  return id_number<conversation_id>(n);
}

message_id message_number(std::uint64_t n) {
  return id_number<message_id>(n);
}

stream_id stream_number(std::uint64_t n) {
  return id_number<stream_id>(n);
}

// -- records ---------------------------------------------------------------

conversation full_conversation(const conversation_id& id,
                               timestamp updated_at) {
  conversation x;
  x.id = id;
  x.title = "Über Äpfel";
  x.system_prompt = "Be brief.";
  x.model = "eliza";
  x.metadata = {{"tag", "härte"}, {"empty", ""}};
  x.created_at = {1'700'000'000'123};
  x.updated_at = updated_at;
  x.message_count = 7;
  x.last_message = message_number(77);
  x.active_stream = stream_number(78);
  return x;
}

message full_message(const conversation_id& conversation,
                     const message_id& id) {
  message x;
  x.id = id;
  x.conversation = conversation;
  x.parent = message_number(1);
  x.role = role::assistant;
  x.content = "Grüße \xF0\x9F\x98\x80";
  x.reasoning = "hm";
  x.tool_calls = {{0, "call_1", "weather", "{\"city\":\"Köln\"}"},
                  {1, "call_2", "time", "{}"}};
  x.status = message_status::truncated;
  x.created_at = {1'700'000'000'456};
  x.stream = stream_number(9);
  x.model = "eliza";
  x.finish = finish_reason::length;
  x.usage = usage{11, 22, false};
  x.metadata = {{"k", "v"}};
  return x;
}

stream_record open_stream(const conversation_id& conversation,
                          const stream_id& id, const message_id& answer) {
  stream_record x;
  x.id = id;
  x.conversation = conversation;
  x.user_message = message_number(2);
  x.message = answer;
  x.model = "eliza";
  x.caller = "somebody";
  x.idempotency_key = "key-1";
  x.started_at = {1'700'000'000'000};
  x.status = stream_status::generating;
  return x;
}

stream_record full_stream(const conversation_id& conversation,
                          const stream_id& id, const message_id& answer) {
  auto x = open_stream(conversation, id, answer);
  x.status = stream_status::failed;
  x.finished_at = {1'700'000'000'999};
  x.last_seq = 42;
  x.finish = finish_reason::stop;
  x.error = error_event{errc::upstream_timeout, "Too slow.", true, 42};
  x.usage = {5, 6, false};
  x.layout = {{layout_run::kind_t::discarded, 3, {}},
              {layout_run::kind_t::reset, 1, {0, "", "retry", ""}},
              {layout_run::kind_t::reasoning, 2, {}},
              {layout_run::kind_t::content, 9, {}},
              {layout_run::kind_t::tool_call, 1, {1, "a", "b", "c"}}};
  return x;
}

message generating_message(const conversation_id& conversation,
                           const message_id& id, const stream_id& stream) {
  message x;
  x.id = id;
  x.conversation = conversation;
  x.role = role::assistant;
  x.status = message_status::generating;
  x.stream = stream;
  x.created_at = {1'700'000'000'456};
  return x;
}

idempotency_claim claim_for(const stream_id& stream, std::string_view caller,
                            std::string_view key, timestamp created_at) {
  return {std::string{caller}, std::string{key}, 0xfedcba9876543210u, stream,
          created_at};
}

log_segment text_segment(const stream_id& stream, seq_t first_seq,
                         std::string_view text) {
  log_segment x;
  x.stream = stream;
  x.first_seq = first_seq;
  x.entries = {{log_entry::kind_t::content, std::string{text}, {}}};
  return x;
}

bool same(const log_segment& a, const log_segment& b) {
  return a.stream == b.stream && a.first_seq == b.first_seq
         && a.entries == b.entries;
}

bool same(const std::vector<log_segment>& a,
          const std::vector<log_segment>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const auto& x, const auto& y) { return same(x, y); });
}

} // namespace parley::storage
