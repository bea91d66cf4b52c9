#include "storage/keys.hpp"

#include <algorithm>
#include <cassert>
#include <cstring>

#include <openssl/evp.h>

namespace parley::storage::keys {

namespace {

constexpr std::size_t body_size = 26;
constexpr std::size_t number_size = 8;

template <class Id>
std::string_view body_of(const Id& id) {
  std::string_view text = id.str();
  return text.empty() ? text : text.substr(Id::prefix.size());
}

template <class Id>
std::optional<Id> id_from(std::string_view body) {
  std::string text{Id::prefix};
  text += body;
  return Id::parse(text);
}

void append_number(std::string& out, std::uint64_t value) {
  for (int shift = 56; shift >= 0; shift -= 8)
    out.push_back(static_cast<char>((value >> shift) & 0xff));
}

std::uint64_t number_from(std::string_view bytes) {
  std::uint64_t value = 0;
  for (char c : bytes.substr(0, number_size))
    value = (value << 8) | static_cast<unsigned char>(c);
  return value;
}

// Flipping the sign makes negative times sort below positive ones.
constexpr std::uint64_t sign = std::uint64_t{1} << 63;

void append_time(std::string& out, timestamp when) {
  append_number(out, static_cast<std::uint64_t>(when.ms) ^ sign);
}

timestamp time_from(std::string_view bytes) {
  return {static_cast<std::int64_t>(number_from(bytes) ^ sign)};
}

std::string_view view_of(const claim_digest& digest) {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

claim_digest digest_from(std::string_view bytes) {
  claim_digest digest{};
  assert(bytes.size() == digest.size());
  std::memcpy(digest.data(), bytes.data(), digest.size());
  return digest;
}

std::string join(std::string_view kind, std::string_view rest) {
  std::string key{kind};
  key += rest;
  return key;
}

std::string join(std::string_view kind, timestamp when, std::string_view rest) {
  std::string key{kind};
  append_time(key, when);
  key += rest;
  return key;
}

std::string member_key(const conversation_id& conversation, char letter,
                       std::string_view rest = {}) {
  std::string key;
  key.reserve(2 + body_size + rest.size() + number_size);
  key += 'v';
  key += body_of(conversation);
  key += letter;
  key += rest;
  return key;
}

template <class Id>
std::optional<timed<Id>> parse_timed(std::string_view place) {
  if (place.size() != number_size + body_size)
    return std::nullopt;
  auto id = id_from<Id>(place.substr(number_size));
  if (!id)
    return std::nullopt;
  return timed<Id>{time_from(place), *std::move(id)};
}

// What sorted upwards sorts downwards.
std::string inverted(std::string_view bytes) {
  std::string out{bytes};
  for (auto& c : out)
    c = static_cast<char>(~c);
  return out;
}

} // namespace

claim_digest digest_of(std::string_view caller, std::string_view key) {
  std::string text;
  append_number(text, caller.size());
  text += caller;
  text += key;
  std::array<unsigned char, EVP_MAX_MD_SIZE> full{};
  unsigned int size = 0;
  [[maybe_unused]] auto ok = EVP_Digest(text.data(), text.size(), full.data(),
                                        &size, EVP_sha256(), nullptr);
  assert(ok == 1 && size == 32);
  claim_digest digest{};
  std::copy_n(full.begin(), digest.size(), digest.begin());
  return digest;
}

// -- everything of one conversation ----------------------------------------

std::string all_of(const conversation_id& conversation) {
  return join("v", body_of(conversation));
}

std::string record(const conversation_id& conversation) {
  return member_key(conversation, 'c');
}

std::string messages_of(const conversation_id& conversation) {
  return member_key(conversation, 'm');
}

std::string message(const conversation_id& conversation, const message_id& id) {
  return member_key(conversation, 'm', body_of(id));
}

std::string streams_of(const conversation_id& conversation) {
  return member_key(conversation, 's');
}

std::string stream(const conversation_id& conversation, const stream_id& id) {
  return member_key(conversation, 's', body_of(id));
}

std::string segments_of(const conversation_id& conversation,
                        const stream_id& id) {
  return member_key(conversation, 'g', body_of(id));
}

std::string segment(const conversation_id& conversation, const stream_id& id,
                    seq_t first_seq) {
  auto key = segments_of(conversation, id);
  append_number(key, first_seq);
  return key;
}

bool is_segment(std::string_view key) noexcept {
  return key.size() == segments_of_size + number_size && key[0] == 'v'
         && key[1 + body_size] == 'g';
}

// -- indexes ---------------------------------------------------------------

std::string activity(timestamp when, const conversation_id& id) {
  return std::string{activity_kind} + inverted(join({}, when, body_of(id)));
}

std::string home(const stream_id& id) {
  return join("i", body_of(id));
}

std::string open(const stream_id& id) {
  return join(open_kind, body_of(id));
}

std::string finished(timestamp when, const stream_id& id) {
  return join(finished_kind, when, body_of(id));
}

std::string tombstone(timestamp when, const stream_id& id) {
  return join(tombstone_kind, when, body_of(id));
}

std::string claim(const claim_digest& digest) {
  return join(claim_kind, view_of(digest));
}

std::string claims_of(const stream_id& id) {
  return join("q", body_of(id));
}

std::string claim_of(const stream_id& id, const claim_digest& digest) {
  auto key = claims_of(id);
  key += view_of(digest);
  return key;
}

std::string claim_age(timestamp when, const claim_digest& digest) {
  return join(claim_age_kind, when, view_of(digest));
}

std::string purge(const conversation_id& id) {
  return join(purge_kind, body_of(id));
}

std::string meta(std::string_view name) {
  return join("n", name);
}

std::string before(std::string_view kind, timestamp when) {
  return join(kind, when, {});
}

std::string end_of(std::string_view prefix) {
  assert(!prefix.empty());
  std::string end{prefix};
  auto last = static_cast<unsigned char>(end.back());
  assert(last != 0xff);
  end.back() = static_cast<char>(last + 1);
  return end;
}

// -- reading a key back ----------------------------------------------------

std::optional<timed<conversation_id>> parse_activity(std::string_view key) {
  if (!key.starts_with(activity_kind))
    return std::nullopt;
  auto place = inverted(key.substr(activity_kind.size()));
  return parse_timed<conversation_id>(place);
}

std::optional<timed<stream_id>> parse_timed_stream(std::string_view key) {
  if (!key.starts_with(finished_kind) && !key.starts_with(tombstone_kind))
    return std::nullopt;
  return parse_timed<stream_id>(key.substr(1));
}

std::optional<timed<claim_digest>> parse_claim_age(std::string_view key) {
  if (!key.starts_with(claim_age_kind)
      || key.size() != 1 + number_size + claim_digest{}.size())
    return std::nullopt;
  return timed<claim_digest>{time_from(key.substr(1)),
                             digest_from(key.substr(1 + number_size))};
}

std::optional<claim_digest> parse_claim_of(std::string_view key) {
  if (!key.starts_with('q')
      || key.size() != 1 + body_size + claim_digest{}.size())
    return std::nullopt;
  return digest_from(key.substr(1 + body_size));
}

std::optional<stream_id> parse_open(std::string_view key) {
  if (!key.starts_with(open_kind))
    return std::nullopt;
  return id_from<stream_id>(key.substr(1));
}

std::optional<conversation_id> parse_purge(std::string_view key) {
  if (!key.starts_with(purge_kind))
    return std::nullopt;
  return id_from<conversation_id>(key.substr(1));
}

std::optional<conversation_id> parse_home(std::string_view value) {
  return id_from<conversation_id>(value);
}

std::string_view home_value(const conversation_id& id) {
  return body_of(id);
}

std::optional<member> parse_member(std::string_view key) {
  constexpr std::size_t letter_at = 1 + body_size;
  if (!key.starts_with('v') || key.size() <= letter_at)
    return std::nullopt;
  auto rest = key.substr(letter_at + 1);
  switch (key[letter_at]) {
  case 'c':
    if (rest.empty())
      return member{part::record, {}, {}};
    return std::nullopt;
  case 'm':
    if (auto id = id_from<message_id>(rest))
      return member{part::message, *std::move(id), {}};
    return std::nullopt;
  case 's':
    if (auto id = id_from<stream_id>(rest))
      return member{part::stream, {}, *std::move(id)};
    return std::nullopt;
  case 'g':
    if (rest.size() != body_size + number_size)
      return std::nullopt;
    if (auto id = id_from<stream_id>(rest.substr(0, body_size)))
      return member{
        part::segment, {}, *std::move(id), number_from(rest.substr(body_size))};
    return std::nullopt;
  default:
    return std::nullopt;
  }
}

} // namespace parley::storage::keys
