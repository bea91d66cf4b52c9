// Record values: what stands on disk, and what damaged bytes do.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <limits>
#include <random>

#include "storage/codec.hpp"
#include "storage/tlv.hpp"
#include "tests/storage/builders.hpp"

namespace parley::storage {

namespace {

const conversation_id conv = conversation_number(10);
const message_id answer = message_number(21);
const stream_id strm = stream_number(30);

std::string hex(std::string_view bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out;
  for (char c : bytes) {
    auto byte = static_cast<unsigned char>(c);
    out += digits[byte / 16];
    out += digits[byte % 16];
  }
  return out;
}

log_segment full_segment() {
  auto x = text_segment(strm, 2, "Gr\xC3\xBC\xC3\x9F");
  x.entries.push_back(
    {log_entry::kind_t::tool_call, "", {300, "id", "name", "{}"}});
  x.entries.push_back({log_entry::kind_t::reset, "retry", {}});
  return x;
}

// A kind of record: its bytes, and a function that decodes others like them.
// Gives the error's detail, or nothing where the bytes are such a record.
struct sample {
  std::string name;
  std::string bytes;
  std::function<std::string(std::string_view)> decode;
};

template <class T>
std::string outcome_of(const result<T>& x) {
  if (x)
    return {};
  EXPECT_EQ(x.error().code, errc::storage_failed);
  return x.error().detail;
}

std::vector<sample> all_samples() {
  return {
    {"conversation", encode(full_conversation(conv, {99})),
     [](std::string_view b) {
       return outcome_of(decode_conversation(conv, b));
     }},
    {"message", encode(full_message(conv, answer)),
     [](std::string_view b) {
       return outcome_of(decode_message(conv, answer, b));
     }},
    {"stream", encode(full_stream(conv, strm, answer)),
     [](std::string_view b) {
       return outcome_of(decode_stream(conv, strm, b));
     }},
    {"expired stream", encode(tombstone{answer, {99}}),
     [](std::string_view b) {
       return outcome_of(decode_stream(conv, strm, b));
     }},
    {"text of stream", encode(full_segment()),
     [](std::string_view b) {
       return outcome_of(decode_segment(strm, 2, b));
     }},
    {"an Idempotency-Key", encode(claim_for(strm, "me", "key", {99})),
     [](std::string_view b) {
       return outcome_of(decode_claim(b));
     }},
  };
}

} // namespace

// -- what stands on disk ---------------------------------------------------

// These bytes are in people's data folders. A change here needs a new type
// letter or field, a new schema version and a migration, not a new constant.
TEST(codec, writes_the_bytes_of_schema_version_1) {
  conversation c;
  c.id = conv;
  c.title = "Hi";
  c.metadata = {{"a", "b"}};
  c.created_at = {1};
  c.updated_at = {-1};
  c.message_count = 300;
  EXPECT_EQ(hex(encode(c)), "63"
                            "03024869"
                            "0906"
                            "030161"
                            "050162"
                            "0a02"
                            "0c01"
                            "0eac02");
  message m;
  m.id = answer;
  m.conversation = conv;
  m.role = role::assistant;
  m.content = "yes";
  m.status = message_status::failed;
  m.finish = finish_reason::stop;
  m.usage = usage{1, 2, false};
  EXPECT_EQ(hex(encode(m)), "6d"
                            "0402"
                            "0703796573"
                            "0c04"
                            "1401"
                            "1706"
                            "0201"
                            "0402"
                            "0601");
  EXPECT_EQ(hex(encode(tombstone{answer, {5}})),
            "78031a" + hex(std::string(25, '0')) + "6e040a");
}

TEST(codec, gives_back_what_it_was_given) {
  EXPECT_EQ(*decode_conversation(conv, encode(full_conversation(conv, {99}))),
            full_conversation(conv, {99}));
  EXPECT_EQ(*decode_message(conv, answer, encode(full_message(conv, answer))),
            full_message(conv, answer));
  auto stream =
    decode_stream(conv, strm, encode(full_stream(conv, strm, answer)));
  EXPECT_EQ(std::get<stream_record>(*stream), full_stream(conv, strm, answer));
  auto gone = decode_stream(conv, strm, encode(tombstone{answer, {99}}));
  EXPECT_EQ(std::get<tombstone>(*gone), (tombstone{answer, {99}}));
  EXPECT_TRUE(
    same(*decode_segment(strm, 2, encode(full_segment())), full_segment()));
  auto claim = claim_for(strm, "me", "key", {99});
  EXPECT_EQ(*decode_claim(encode(claim)), claim);
}

TEST(codec, keeps_extreme_numbers) {
  auto x = full_stream(conv, strm, answer);
  x.last_seq = ~std::uint64_t{0};
  x.started_at = {std::numeric_limits<std::int64_t>::min()};
  x.finished_at = {std::numeric_limits<std::int64_t>::max()};
  x.layout[4].delta.index = ~std::uint32_t{0};
  EXPECT_EQ(std::get<stream_record>(*decode_stream(conv, strm, encode(x))), x);
}

// -- what newer code may add -----------------------------------------------

TEST(codec, skips_fields_that_it_does_not_know) {
  for (auto& one : all_samples()) {
    field_writer more{one.bytes};
    more.number(1000, 5);
    more.text(1001, "from the future");
    EXPECT_EQ(one.decode(one.bytes), "") << one.name;
  }
}

TEST(codec, refuses_a_type_that_it_does_not_know) {
  for (auto& one : all_samples()) {
    one.bytes[0] = '~';
    EXPECT_NE(one.decode(one.bytes), "") << one.name;
    EXPECT_NE(one.decode(""), "") << one.name;
  }
}

TEST(codec, takes_an_error_code_of_a_newer_version_for_an_internal_one) {
  auto bytes = encode(full_stream(conv, strm, answer));
  auto at = bytes.find("upstream_timeout");
  ASSERT_NE(at, std::string::npos);
  bytes.replace(at, 16, "upstream_bananas");
  auto found = decode_stream(conv, strm, bytes);
  ASSERT_TRUE(found);
  EXPECT_EQ(std::get<stream_record>(*found).error->code, errc::internal);
}

// -- damaged bytes ---------------------------------------------------------

TEST(codec, names_what_is_damaged) {
  for (auto& one : all_samples()) {
    // The length of a text that ends behind the record.
    one.bytes += "\x03\x7f";
    EXPECT_NE(one.decode(one.bytes).find(one.name), std::string::npos)
      << one.name << ": " << one.decode(one.bytes);
  }
}

TEST(codec, refuses_values_that_a_record_cannot_have) {
  auto refuses = [](std::string bytes, auto add) {
    field_writer out{bytes};
    add(out);
    return !decode_message(conv, answer, bytes).has_value();
  };
  EXPECT_FALSE(refuses("m", [](field_writer& o) { o.number(2, 3); }));
  // Enumerators behind the last.
  EXPECT_TRUE(refuses("m", [](field_writer& o) { o.number(2, 4); }));
  EXPECT_TRUE(refuses("m", [](field_writer& o) { o.number(6, 6); }));
  EXPECT_TRUE(refuses("m", [](field_writer& o) { o.number(6, 1ull << 32); }));
  // Numbers for texts, texts for numbers.
  EXPECT_TRUE(refuses("m", [](field_writer& o) { o.number(3, 1); }));
  EXPECT_TRUE(refuses("m", [](field_writer& o) { o.text(2, "1"); }));
  // Text that is no UTF-8, ids that are none.
  EXPECT_TRUE(refuses("m", [](field_writer& o) { o.text(3, "\xff"); }));
  EXPECT_TRUE(refuses("m", [](field_writer& o) { o.text(1, "msg"); }));
  // Nested fields that are damaged.
  EXPECT_TRUE(refuses("m", [](field_writer& o) { o.text(5, "\x80"); }));
  EXPECT_TRUE(refuses("m", [](field_writer& o) { o.text(11, "\x02"); }));
}

TEST(codec, refuses_a_varint_without_end) {
  for (std::size_t n : {1, 9, 10, 11, 1000}) {
    auto bytes = "m" + std::string(n, '\x80');
    EXPECT_FALSE(decode_message(conv, answer, bytes)) << n;
  }
  // Ten bytes, but more than 64 bits.
  EXPECT_FALSE(decode_message(conv, answer,
                              "m\x04\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"));
}

TEST(codec, survives_every_truncation) {
  for (const auto& one : all_samples()) {
    for (std::size_t n = 0; n < one.bytes.size(); ++n)
      (void)one.decode(one.bytes.substr(0, n));
  }
}

TEST(codec, survives_every_flipped_bit) {
  for (const auto& one : all_samples()) {
    for (std::size_t i = 0; i < one.bytes.size() * 8; ++i) {
      auto bytes = one.bytes;
      bytes[i / 8] = static_cast<char>(bytes[i / 8] ^ (1 << (i % 8)));
      (void)one.decode(bytes);
    }
  }
}

TEST(codec, survives_random_damage) {
  std::mt19937 random{20240607};
  auto below = [&random](std::size_t n) {
    return std::uniform_int_distribution<std::size_t>{0, n - 1}(random);
  };
  auto samples = all_samples();
  for (int round = 0; round < 50'000; ++round) {
    const auto& one = samples[below(samples.size())];
    auto bytes = one.bytes;
    for (auto n = 1 + below(8); n > 0; --n) {
      auto at = below(bytes.size());
      switch (below(4)) {
      case 0:
        bytes[at] = static_cast<char>(below(256));
        break;
      case 1:
        bytes.resize(at + 1);
        break;
      case 2:
        bytes.insert(at, 1 + below(4), static_cast<char>(below(256)));
        break;
      default:
        bytes += bytes.substr(at);
        bytes.resize(std::min<std::size_t>(bytes.size(), 4096));
        break;
      }
    }
    (void)samples[below(samples.size())].decode(bytes);
    (void)one.decode(bytes);
  }
}

} // namespace parley::storage
