// Single records: written, read, replaced, not there.
#include "tests/storage/conformance.hpp"

#include "chat/stream_log.hpp"

namespace parley::storage {

// -- conversations ---------------------------------------------------------

TEST_P(store_conformance, gives_a_conversation_back_with_every_field) {
  auto value = full_conversation(conv, {5000});
  write({put_conversation{value}});
  auto found = it().get_conversation(conv);
  ASSERT_TRUE(found);
  EXPECT_EQ(*found, value);
}

TEST_P(store_conformance, gives_a_conversation_back_with_no_field_set) {
  conversation value;
  value.id = conv;
  write({put_conversation{value}});
  auto found = it().get_conversation(conv);
  ASSERT_TRUE(found);
  EXPECT_EQ(*found, value);
}

TEST_P(store_conformance, replaces_a_conversation) {
  write({put_conversation{full_conversation(conv, {5000})}});
  auto value = full_conversation(conv, {6000});
  value.title = "another";
  value.metadata.clear();
  write({put_conversation{value}});
  auto found = it().get_conversation(conv);
  ASSERT_TRUE(found);
  EXPECT_EQ(*found, value);
}

TEST_P(store_conformance, knows_no_conversation_that_was_not_written) {
  EXPECT_ERROR(it().get_conversation(conv), errc::conversation_not_found);
  write({put_conversation{full_conversation(conversation_number(11), {1})}});
  EXPECT_ERROR(it().get_conversation(conv), errc::conversation_not_found);
}

// -- messages --------------------------------------------------------------

TEST_P(store_conformance, gives_a_message_back_with_every_field) {
  auto value = full_message(conv, answer);
  write({put_message{value}});
  auto found = it().get_message(conv, answer);
  ASSERT_TRUE(found);
  EXPECT_EQ(*found, value);
}

TEST_P(store_conformance, gives_a_message_back_with_no_field_set) {
  message value;
  value.id = answer;
  value.conversation = conv;
  write({put_message{value}});
  auto found = it().get_message(conv, answer);
  ASSERT_TRUE(found);
  EXPECT_EQ(*found, value);
}

TEST_P(store_conformance, keeps_usage_that_is_zero_apart_from_none) {
  message value;
  value.id = answer;
  value.conversation = conv;
  value.usage = usage{0, 0, false};
  write({put_message{value}});
  EXPECT_EQ(it().get_message(conv, answer)->usage, value.usage);
  value.usage = usage{};
  write({put_message{value}});
  EXPECT_EQ(it().get_message(conv, answer)->usage, value.usage);
}

TEST_P(store_conformance, keeps_each_role_and_status) {
  for (auto r : {role::system, role::user, role::assistant, role::tool}) {
    for (auto s : {message_status::complete, message_status::truncated,
                   message_status::cancelled, message_status::interrupted}) {
      auto value = full_message(conv, answer);
      value.role = r;
      value.status = s;
      write({put_message{value}});
      EXPECT_EQ(*it().get_message(conv, answer), value);
    }
  }
}

TEST_P(store_conformance, keeps_a_message_of_a_megabyte) {
  auto value = full_message(conv, answer);
  value.content.assign(1 << 20, 'x');
  write({put_message{value}});
  EXPECT_EQ(it().get_message(conv, answer)->content, value.content);
}

TEST_P(store_conformance, finds_a_message_only_in_its_conversation) {
  write({put_message{full_message(conv, answer)}});
  EXPECT_ERROR(it().get_message(conversation_number(11), answer),
               errc::message_not_found);
  EXPECT_ERROR(it().get_message(conv, question), errc::message_not_found);
}

// -- streams ---------------------------------------------------------------

TEST_P(store_conformance, gives_a_stream_back_with_every_field) {
  auto value = full_stream(conv, strm, answer);
  write({put_stream{value}});
  auto found = it().get_stream(strm);
  ASSERT_TRUE(found);
  EXPECT_EQ(*found, value);
}

TEST_P(store_conformance, gives_a_stream_back_with_few_fields_set) {
  stream_record value;
  value.id = strm;
  value.conversation = conv;
  value.message = answer;
  write({put_stream{value}});
  EXPECT_EQ(*it().get_stream(strm), value);
  value.last_seq = 0;
  value.status = stream_status::queued;
  write({put_stream{value}});
  EXPECT_EQ(*it().get_stream(strm), value);
}

TEST_P(store_conformance, knows_no_stream_that_was_not_written) {
  EXPECT_ERROR(it().get_stream(strm), errc::stream_not_found);
  EXPECT_ERROR(it().load_stream(strm), errc::stream_not_found);
}

TEST_P(store_conformance, lists_streams_while_they_are_open) {
  EXPECT_TRUE(it().open_streams()->empty());
  auto queued = open_stream(conv, stream_number(31), answer);
  queued.status = stream_status::queued;
  auto generating = open_stream(conv, strm, answer);
  write({put_stream{queued}, put_stream{generating},
         put_stream{full_stream(conv, stream_number(32), answer)}});
  EXPECT_EQ(*it().open_streams(),
            (std::vector<stream_record>{generating, queued}));
  write({put_stream{full_stream(conv, strm, answer)}});
  EXPECT_EQ(*it().open_streams(), std::vector<stream_record>{queued});
  write({put_stream{full_stream(conv, stream_number(31), answer)}});
  EXPECT_TRUE(it().open_streams()->empty());
}

// -- segments --------------------------------------------------------------

TEST_P(store_conformance, loads_an_open_stream_with_its_segments_in_order) {
  log_segment mixed;
  mixed.stream = strm;
  mixed.first_seq = 302;
  mixed.entries = {{log_entry::kind_t::reasoning, "denk", {}},
                   {log_entry::kind_t::tool_call, "", {1, "id", "name", "{"}},
                   {log_entry::kind_t::reset, "retry", {}},
                   {log_entry::kind_t::content, "\xE2\x82\xAC", {}}};
  auto first = text_segment(strm, 2, std::string(300, 'a'));
  write({put_stream{open_stream(conv, strm, answer)}, append_segment{first}});
  write({append_segment{mixed}});
  auto found = it().load_stream(strm);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->record, open_stream(conv, strm, answer));
  EXPECT_TRUE(same(found->segments, {first, mixed}));
  EXPECT_FALSE(found->answer);
}

TEST_P(store_conformance, keeps_the_segments_of_two_streams_apart) {
  auto other = stream_number(31);
  write({put_stream{open_stream(conv, strm, answer)},
         put_stream{open_stream(conv, other, question)}});
  write({append_segment{text_segment(strm, 2, "one")},
         append_segment{text_segment(other, 2, "two")}});
  write({erase_segments{strm}});
  EXPECT_TRUE(it().load_stream(strm)->segments.empty());
  EXPECT_TRUE(
    same(it().load_stream(other)->segments, {text_segment(other, 2, "two")}));
}

TEST_P(store_conformance, drops_a_segment_of_a_stream_that_is_not_open) {
  write({append_segment{text_segment(strm, 2, "early")}});
  write({put_stream{open_stream(conv, strm, answer)}});
  EXPECT_TRUE(it().load_stream(strm)->segments.empty());
  write({put_stream{full_stream(conv, strm, answer)}});
  write({append_segment{text_segment(strm, 2, "late")}});
  write({put_stream{open_stream(conv, strm, answer)}});
  EXPECT_TRUE(it().load_stream(strm)->segments.empty());
}

TEST_P(store_conformance, loads_a_terminal_stream_with_its_answer) {
  auto message = full_message(conv, answer);
  write({put_stream{open_stream(conv, strm, answer)},
         append_segment{text_segment(strm, 2, "so far")}});
  write({put_message{message}, put_stream{full_stream(conv, strm, answer)},
         erase_segments{strm}});
  auto found = it().load_stream(strm);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->record, full_stream(conv, strm, answer));
  EXPECT_TRUE(found->segments.empty());
  EXPECT_EQ(found->answer, message);
}

TEST_P(store_conformance, says_so_when_a_terminal_stream_has_no_answer) {
  write({put_stream{full_stream(conv, strm, answer)}});
  EXPECT_ERROR(it().load_stream(strm), errc::message_not_found);
}

// -- a message that is being written ---------------------------------------

TEST_P(store_conformance, reads_a_generating_message_with_its_text_so_far) {
  auto value = generating_message(conv, answer, strm);
  write({put_conversation{full_conversation(conv, {1})}, put_message{value},
         put_stream{open_stream(conv, strm, answer)}});
  EXPECT_EQ(*it().get_message(conv, answer), value);
  auto thought = text_segment(strm, 2, "hm");
  thought.entries[0].kind = log_entry::kind_t::reasoning;
  write({append_segment{thought}});
  write({append_segment{text_segment(strm, 4, "Gr\xC3\xBC")}});
  write({append_segment{text_segment(strm, 7,
                                     "\xC3\x9F"
                                     "e")}});
  value.content = "Gr\xC3\xBC\xC3\x9F"
                  "e";
  value.reasoning = "hm";
  EXPECT_EQ(*it().get_message(conv, answer), value);
  auto page = it().list_messages(conv, "", 10, sort_order::ascending);
  ASSERT_TRUE(page);
  EXPECT_EQ(page->items, std::vector<message>{value});
}

TEST_P(store_conformance, leaves_the_question_of_an_open_stream_as_it_is) {
  auto asked = full_message(conv, question);
  asked.stream = strm;
  write({put_message{asked}, put_stream{open_stream(conv, strm, answer)},
         append_segment{text_segment(strm, 2, "answer")}});
  EXPECT_EQ(*it().get_message(conv, question), asked);
}

TEST_P(store_conformance, reads_a_finished_message_without_segments) {
  auto value = full_message(conv, answer);
  value.stream = strm;
  write({put_message{generating_message(conv, answer, strm)},
         put_stream{open_stream(conv, strm, answer)},
         append_segment{text_segment(strm, 2, "so far")}});
  write({put_message{value}, put_stream{full_stream(conv, strm, answer)}});
  EXPECT_EQ(*it().get_message(conv, answer), value);
}

// -- claims ----------------------------------------------------------------

TEST_P(store_conformance, finds_a_claim_by_caller_and_key) {
  auto value = claim_for(strm, "me", "key", {77});
  write({put_claim{value}});
  EXPECT_EQ(*it().find_claim("me", "key"), value);
  EXPECT_EQ(*it().find_claim("you", "key"), std::nullopt);
  EXPECT_EQ(*it().find_claim("me", "kex"), std::nullopt);
  // Where caller ends and key begins counts.
  EXPECT_EQ(*it().find_claim("mek", "ey"), std::nullopt);
  EXPECT_EQ(*it().find_claim("", "mekey"), std::nullopt);
}

TEST_P(store_conformance, keeps_claims_of_an_anonymous_caller) {
  auto value = claim_for(strm, "", "key", {77});
  write({put_claim{value}});
  EXPECT_EQ(*it().find_claim("", "key"), value);
}

TEST_P(store_conformance, replaces_a_claim) {
  write({put_claim{claim_for(strm, "me", "key", {77})}});
  auto value = claim_for(stream_number(31), "me", "key", {99});
  write({put_claim{value}});
  EXPECT_EQ(*it().find_claim("me", "key"), value);
}

// -- meta ------------------------------------------------------------------

TEST_P(store_conformance, keeps_named_values) {
  EXPECT_EQ(*it().get_meta("node"), std::nullopt);
  ASSERT_TRUE(it().put_meta("node", "a"));
  ASSERT_TRUE(it().put_meta("nod", ""));
  ASSERT_TRUE(it().put_meta("node", std::string_view{"b\0c", 3}));
  write({});
  EXPECT_EQ(*it().get_meta("node"), (std::string{"b\0c", 3}));
  EXPECT_EQ(*it().get_meta("nod"), "");
  EXPECT_EQ(*it().get_meta("no"), std::nullopt);
}

TEST_P(store_conformance, can_be_probed) {
  EXPECT_TRUE(it().probe());
  EXPECT_TRUE(it().probe());
}

} // namespace parley::storage
