#include "wire/sse_encoder.hpp"

#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace parley::wire {
namespace {

std::string native(const event& x) {
  std::string out;
  append_frame(out, x, sse_dialect::native);
  return out;
}

std::string with_ids(const event& x) {
  std::string out;
  append_frame(out, x, sse_dialect::native_with_ids);
  return out;
}

const auto message = *message_id::parse("msg_01jd7v0c0p00001abcdefghjkm");

TEST(sse_encoder, content_comes_chunk_first) {
  const text_event x{text_kind::content, "Hi \"you\"\n", 12};
  EXPECT_EQ(native(x), "data: {\"chunk\":\"Hi \\\"you\\\"\\n\",\"type\":"
                       "\"content\",\"seq\":12}\n\n");
  EXPECT_EQ(with_ids(x), "data: {\"chunk\":\"Hi \\\"you\\\"\\n\",\"type\":"
                         "\"content\",\"seq\":12}\nid: 12\n\n");
}

TEST(sse_encoder, reasoning_looks_like_content) {
  EXPECT_EQ(native(text_event{text_kind::reasoning, "\xC3\xA4", 3}),
            "data: {\"chunk\":\"\xC3\xA4\",\"type\":\"reasoning\",\"seq\":3}"
            "\n\n");
}

TEST(sse_encoder, start_names_all_ids) {
  start_event x;
  x.stream = *stream_id::parse("strm_01jd7v0c0p00001abcdefghjkm");
  x.conversation = *conversation_id::parse("conv_01jd7v0c0p00001abcdefghjkm");
  x.user_message = message;
  x.message = *message_id::parse("msg_01jd7v0c0p00001abcdefghjkn");
  x.model = "eliza";
  EXPECT_EQ(native(x), R"(data: {"type":"start","seq":1,)"
                       R"("stream_id":"strm_01jd7v0c0p00001abcdefghjkm",)"
                       R"("conversation_id":"conv_01jd7v0c0p00001abcdefghjkm",)"
                       R"("user_message_id":"msg_01jd7v0c0p00001abcdefghjkm",)"
                       R"("message_id":"msg_01jd7v0c0p00001abcdefghjkn",)"
                       R"("model":"eliza"})"
                       "\n\n");
}

TEST(sse_encoder, tool_calls_are_fragments) {
  EXPECT_EQ(native(tool_call_event{{1, "call_1", "f", "{\"a"}, 5}),
            R"(data: {"type":"tool_call","seq":5,"index":1,"id":"call_1",)"
            R"("name":"f","arguments":"{\"a"})"
            "\n\n");
  EXPECT_EQ(native(tool_call_event{{1, "", "", "\":1}"}, 6}),
            R"(data: {"type":"tool_call","seq":6,"index":1,"id":null,)"
            R"("name":null,"arguments":"\":1}"})"
            "\n\n");
}

TEST(sse_encoder, progress_has_neither_number_nor_id) {
  const progress_event x{progress_stage::retrying, 2};
  const std::string frame =
    "data: {\"type\":\"progress\",\"stage\":\"retrying\",\"attempt\":2}\n\n";
  EXPECT_EQ(native(x), frame);
  EXPECT_EQ(with_ids(x), frame);
}

TEST(sse_encoder, reset_gives_its_reason) {
  EXPECT_EQ(native(reset_event{"retry", 9}),
            "data: {\"type\":\"reset\",\"seq\":9,\"reason\":\"retry\"}\n\n");
}

TEST(sse_encoder, error_comes_sentence_first) {
  EXPECT_EQ(with_ids(error_event{errc::upstream_timeout, "Too slow.", true, 7}),
            R"(data: {"error":"Too slow.","type":"error",)"
            R"("code":"upstream_timeout","retryable":true,"seq":7})"
            "\nid: 7\n\n");
}

TEST(sse_encoder, done_tells_the_usage) {
  EXPECT_EQ(
    native(done_event{finish_reason::length, message, {3, 4, false}, 44}),
    R"(data: {"type":"done","seq":44,"finish_reason":"length",)"
    R"("message_id":"msg_01jd7v0c0p00001abcdefghjkm",)"
    R"("usage":{"prompt_tokens":3,"completion_tokens":4,)"
    R"("total_tokens":7,"source":"provider"}})"
    "\n\n");
  EXPECT_NE(native(done_event{}).find(R"("source":"estimated")"),
            std::string::npos);
}

// A client splits at blank lines and parses what follows "data: ".
TEST(sse_encoder, no_text_can_break_a_frame) {
  std::string nasty = "\n\ndata: {}\r\n\r\n: x\xE2\x80\xA8\xE2\x80\xA9";
  for (char c = 0; c < 0x20; ++c)
    nasty += c;
  const auto frame = native(text_event{text_kind::content, nasty, 2});
  EXPECT_EQ(frame.find('\n'), frame.size() - 2);
  EXPECT_EQ(frame.find('\r'), std::string::npos);
  const auto tree = nlohmann::json::parse(frame.substr(6));
  EXPECT_EQ(tree["chunk"], nasty);
}

TEST(sse_encoder, appends_to_what_is_there) {
  std::string out{sse_ping};
  append_frame(out, reset_event{"r", 2}, sse_dialect::native);
  EXPECT_TRUE(out.starts_with(": ping\n\ndata: {"));
}

} // namespace
} // namespace parley::wire
