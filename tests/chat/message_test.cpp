#include "chat/message.hpp"

#include <gtest/gtest.h>

#include "chat/event.hpp"

namespace parley {
namespace {

template <class Enum, class From>
void expect_names_lead_back(From from) {
  for (int i = 0; i <= static_cast<int>(Enum::last); ++i) {
    const auto x = static_cast<Enum>(i);
    EXPECT_EQ(from(to_string(x)), x) << to_string(x);
  }
  EXPECT_FALSE(from("no such name"));
  EXPECT_FALSE(from(""));
}

TEST(message, every_name_leads_back_to_its_value) {
  expect_names_lead_back<role>(role_from);
  expect_names_lead_back<message_status>(message_status_from);
  expect_names_lead_back<finish_reason>(finish_reason_from);
}

TEST(message, has_the_names_that_clients_are_promised) {
  EXPECT_EQ(to_string(role::assistant), "assistant");
  EXPECT_EQ(to_string(message_status::interrupted), "interrupted");
  EXPECT_EQ(to_string(finish_reason::tool_calls), "tool_calls");
  EXPECT_EQ(to_string(finish_reason::content_filter), "content_filter");
  EXPECT_EQ(to_string(progress_stage::recovering), "recovering");
  EXPECT_EQ(to_string(text_kind::reasoning), "reasoning");
}

TEST(event, only_progress_has_no_place_in_the_stream) {
  EXPECT_EQ(seq_of(start_event{}), 1u);
  EXPECT_EQ(seq_of(text_event{text_kind::content, "x", 7}), 7u);
  EXPECT_EQ(seq_of(progress_event{}), 0u);
}

TEST(event, error_and_done_are_terminal) {
  EXPECT_TRUE(is_terminal(error_event{}));
  EXPECT_TRUE(is_terminal(done_event{}));
  EXPECT_FALSE(is_terminal(start_event{}));
  EXPECT_FALSE(is_terminal(reset_event{}));
  EXPECT_FALSE(is_terminal(progress_event{}));
}

} // namespace
} // namespace parley
