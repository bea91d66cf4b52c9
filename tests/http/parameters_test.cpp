#include "http/routes/parameters.hpp"

#include <string>

#include <gtest/gtest.h>

#include "chat/limits.hpp"

namespace parley::http::routes {

namespace {

request with_header(std::string name, std::string value) {
  request what;
  what.headers.emplace_back(std::move(name), std::move(value));
  return what;
}

request with_query(std::string name, std::string value) {
  request what;
  what.query.emplace_back(std::move(name), std::move(value));
  return what;
}

} // namespace

// -- Idempotency-Key ----------------------------------------------------------

TEST(idempotency_key, may_be_absent) {
  EXPECT_EQ(idempotency_key(request{}), "");
}

TEST(idempotency_key, takes_visible_ascii_of_up_to_255_bytes) {
  for (const auto& key :
       {std::string{"!"}, std::string{"a-b_c.~/{}"}, std::string(255, 'x')})
    EXPECT_EQ(idempotency_key(with_header("idempotency-key", key)), key);
}

TEST(idempotency_key, refuses_all_else_and_says_which_header) {
  for (const auto& key :
       {std::string{}, std::string(256, 'x'), std::string{"two words"},
        std::string{"tab\t"}, std::string{"\x7f"}, std::string{"\xc3\xa9"},
        std::string{"\0", 1}}) {
    const auto refused = idempotency_key(with_header("idempotency-key", key));
    ASSERT_FALSE(refused) << key;
    EXPECT_EQ(refused.error().code, errc::invalid_request);
    EXPECT_NE(refused.error().detail.find("Idempotency-Key"),
              std::string::npos);
  }
}

TEST(idempotency_key, is_refused_when_it_comes_twice) {
  auto twice = with_header("idempotency-key", "a");
  twice.headers.emplace_back("idempotency-key", "b");
  ASSERT_FALSE(idempotency_key(twice));
  EXPECT_EQ(idempotency_key(twice).error().code, errc::invalid_request);
}

// -- event_ids ----------------------------------------------------------------

TEST(event_ids, are_off_unless_asked_for) {
  EXPECT_EQ(wants_event_ids(request{}), false);
  EXPECT_EQ(wants_event_ids(with_query("event_ids", "false")), false);
  EXPECT_EQ(wants_event_ids(with_query("event_ids", "true")), true);
  EXPECT_EQ(wants_event_ids(with_query("Event_ids", "true")), false);
}

TEST(event_ids, other_values_are_refused_by_name) {
  for (const auto* value : {"", "1", "TRUE", "yes", "true "}) {
    const auto refused = wants_event_ids(with_query("event_ids", value));
    ASSERT_FALSE(refused) << value;
    EXPECT_EQ(refused.error().field, "event_ids");
  }
}

// -- Last-Event-ID ------------------------------------------------------------

TEST(last_event_id, is_the_beginning_when_nobody_says) {
  EXPECT_EQ(last_event_id(request{}), 0u);
  EXPECT_EQ(last_event_id(with_header("last-event-id", "")), 0u);
}

TEST(last_event_id, comes_from_the_header_or_the_query) {
  EXPECT_EQ(last_event_id(with_header("last-event-id", "17")), 17u);
  EXPECT_EQ(last_event_id(with_query("last_event_id", "17")), 17u);
  EXPECT_EQ(last_event_id(with_query("last_event_id", "9999999999999999")),
            9999999999999999u);
}

TEST(last_event_id, of_an_error_beside_the_stream_is_where_the_reader_was) {
  const auto told = std::to_string(limits::detached_seq + 17);
  EXPECT_EQ(last_event_id(with_header("last-event-id", told)), 17u);
  EXPECT_EQ(last_event_id(with_query("last_event_id", told)), 17u);
}

TEST(last_event_id, of_the_header_wins) {
  auto what = with_header("last-event-id", "3");
  what.query.emplace_back("last_event_id", "5");
  EXPECT_EQ(last_event_id(what), 3u);
  what.headers.front().second.clear();
  EXPECT_EQ(last_event_id(what), 5u);
}

TEST(last_event_id, is_digits_and_nothing_else) {
  for (const auto* value : {"-1", "+1", "1.0", " 1", "1 ", "0x10", "1e3", "abc",
                            "12345678901234567", "\xd9\xa1"}) {
    for (const auto& what : {with_header("last-event-id", value),
                             with_query("last_event_id", value)}) {
      const auto refused = last_event_id(what);
      ASSERT_FALSE(refused) << value;
      EXPECT_EQ(refused.error().code, errc::invalid_cursor);
    }
  }
  EXPECT_FALSE(last_event_id(with_query("last_event_id", "")));
}

// -- pages --------------------------------------------------------------------

TEST(page_limit, is_twenty_unless_given) {
  EXPECT_EQ(page_limit(request{}), 20u);
  EXPECT_EQ(page_limit(with_query("limit", "1")), 1u);
  EXPECT_EQ(page_limit(with_query("limit", "100")), 100u);
}

TEST(page_limit, outside_of_1_to_100_is_refused_by_name) {
  for (const auto* value :
       {"", "0", "101", "-1", "ten", "1.5", "1 ", "18446744073709551617"}) {
    const auto refused = page_limit(with_query("limit", value));
    ASSERT_FALSE(refused) << value;
    EXPECT_EQ(refused.error().code, errc::invalid_request);
    EXPECT_EQ(refused.error().field, "limit");
  }
}

TEST(descending_order, is_asc_or_desc) {
  EXPECT_EQ(descending_order(request{}), false);
  EXPECT_EQ(descending_order(with_query("order", "asc")), false);
  EXPECT_EQ(descending_order(with_query("order", "desc")), true);
  EXPECT_FALSE(descending_order(with_query("order", "DESC")));
  EXPECT_FALSE(descending_order(with_query("order", "")));
}

TEST(format_of_export, is_json_or_markdown) {
  EXPECT_EQ(format_of_export(request{}), export_format::json);
  EXPECT_EQ(format_of_export(with_query("format", "json")),
            export_format::json);
  EXPECT_EQ(format_of_export(with_query("format", "markdown")),
            export_format::markdown);
  EXPECT_FALSE(format_of_export(with_query("format", "pdf")));
}

// -- ids ----------------------------------------------------------------------

TEST(id_from_path, takes_ids_of_its_kind_only) {
  id_generator ids{node_tag{1}};
  const auto conversation = ids.next<conversation_id>();
  EXPECT_EQ(conversation_from_path(conversation.str()), conversation);
  for (const auto& text :
       {std::string{}, std::string{"x"}, ids.next<stream_id>().str(),
        conversation.str() + "x", std::string{"conv_\xff"}}) {
    const auto refused = conversation_from_path(text);
    ASSERT_FALSE(refused) << text;
    EXPECT_EQ(refused.error().code, errc::conversation_not_found);
  }
  EXPECT_EQ(stream_from_path("strm_1").error().code, errc::stream_not_found);
}

} // namespace parley::http::routes
