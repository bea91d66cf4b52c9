#include "chat/stream_record.hpp"

#include <gtest/gtest.h>

namespace parley {
namespace {

stream_record sample(stream_status status) {
  id_generator ids{node_tag{1}};
  stream_record record;
  record.id = ids.next<stream_id>();
  record.conversation = ids.next<conversation_id>();
  record.user_message = ids.next<message_id>();
  record.message = ids.next<message_id>();
  record.model = "eliza";
  record.started_at = timestamp{1000};
  record.finished_at = timestamp{2000};
  record.status = status;
  record.last_seq = 42;
  record.finish = finish_reason::stop;
  record.usage = {3, 4, false};
  return record;
}

TEST(stream_record, gives_the_start_event_again) {
  const auto record = sample(stream_status::complete);
  const auto start = start_of(record);
  EXPECT_EQ(start.stream, record.id);
  EXPECT_EQ(start.user_message, record.user_message);
  EXPECT_EQ(start.message, record.message);
  EXPECT_EQ(start.model, "eliza");
}

TEST(stream_record, ends_with_done_where_there_was_no_error) {
  const auto record = sample(stream_status::complete);
  const auto end = terminal_of(record);
  const auto& done = std::get<done_event>(end);
  EXPECT_EQ(done.seq, 42u);
  EXPECT_EQ(done.reason, finish_reason::stop);
  EXPECT_EQ(done.usage, record.usage);
  EXPECT_EQ(done.message, record.message);
}

TEST(stream_record, ends_with_its_error_under_the_last_number) {
  auto record = sample(stream_status::interrupted);
  record.error = error_event{errc::interrupted, "The server died.", true, 0};
  const auto end = terminal_of(record);
  const auto& error = std::get<error_event>(end);
  EXPECT_EQ(error.code, errc::interrupted);
  EXPECT_EQ(error.seq, 42u);
}

TEST(stream_record, shows_its_state) {
  const auto record = sample(stream_status::complete);
  const auto state = state_of(record);
  EXPECT_EQ(state.id, record.id);
  EXPECT_EQ(state.status, stream_status::complete);
  EXPECT_EQ(state.last_seq, 42u);
  EXPECT_EQ(state.finished_at, record.finished_at);
  EXPECT_EQ(state.subscribers, 0u);
}

TEST(stream_status, each_end_has_its_message_status) {
  EXPECT_FALSE(is_terminal(stream_status::queued));
  EXPECT_FALSE(is_terminal(stream_status::generating));
  for (auto i = static_cast<int>(stream_status::complete);
       i <= static_cast<int>(stream_status::last); ++i) {
    const auto status = static_cast<stream_status>(i);
    EXPECT_TRUE(is_terminal(status));
    EXPECT_EQ(to_string(message_status_of(status)), to_string(status));
  }
}

} // namespace
} // namespace parley
