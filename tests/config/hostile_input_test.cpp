// Input that nobody means: whatever it is, loading ends, and what it says is
// clean text.
#include <random>

#include "chat/utf8.hpp"
#include "tests/config/support.hpp"

namespace parley::config {
namespace {

constexpr std::string_view sample = R"(data-dir = "d"
[http]
listen = "127.0.0.1:8080"
cors.origins = ["https://a", "https://b"]
compress-sse = true
[limits]
max-streams = 1_000
max-body-bytes = "64KiB"
[llm]
min-chars-per-second = 2.5
base-url = "http://h/v1"
[[models]]
name = "a"
)";

// Errors are valid UTF-8 without control characters, in lines of our own.
void expect_clean(const load_result& result) {
  const auto* failure = std::get_if<refused>(&result);
  if (!failure)
    return;
  EXPECT_TRUE(utf8::is_valid(failure->text));
  EXPECT_LT(failure->text.size(), 20'000u);
  bool at_start = true;
  auto rest = std::string_view{failure->text};
  while (!rest.empty()) {
    if (at_start) {
      EXPECT_TRUE(rest.starts_with("parley: ")) << failure->text;
    }
    auto byte = static_cast<unsigned char>(rest.front());
    at_start = byte == '\n';
    EXPECT_TRUE(at_start || (byte >= 0x20 && byte != 0x7f)) << failure->text;
    rest.remove_prefix(1);
  }
}

std::string random_bytes(std::mt19937& random, std::size_t max_length) {
  std::string bytes(random() % (max_length + 1), '\0');
  for (auto& byte : bytes)
    byte = static_cast<char>(random());
  return bytes;
}

TEST(a_file_with_one_byte_changed, is_loaded_or_refused_cleanly) {
  for (std::size_t at = 0; at < sample.size(); ++at) {
    for (char byte : {'\0', '\n', '"', '.', '=', '[', '\x7f', '\xff', '9'}) {
      std::string text{sample};
      text[at] = byte;
      expect_clean(load_from({"--config-file=p"}, {}, {{"p", text}}));
    }
  }
}

TEST(a_file_that_is_cut_anywhere, is_loaded_or_refused_cleanly) {
  for (std::size_t length = 0; length <= sample.size(); ++length)
    expect_clean(load_from({"--config-file=p"}, {},
                           {{"p", std::string{sample.substr(0, length)}}}));
}

TEST(random_bytes_everywhere, are_loaded_or_refused_cleanly) {
  std::mt19937 random{1};
  for (int i = 0; i < 300; ++i) {
    auto text = random_bytes(random, 40);
    expect_clean(load_from({"--config-file=p"}, {}, {{"p", text}}));
    expect_clean(load_from({text, "--" + text, "--" + text + "=x",
                            "--data-dir=" + text, "--http.listen", text}));
    expect_clean(load_from({}, {{"PARLEY_" + text, text},
                                {"PARLEY_LLM_API_KEY", text},
                                {"PARLEY_LLM_BASE_URL", text}}));
    expect_clean(load_from({"--llm.api-key-file=" + text}, {}, {{text, text}}));
  }
}

TEST(input_of_enormous_size, is_refused_in_little_time_and_space) {
  std::string enormous(1'000'000, 'x');
  expect_clean(load_from({"--" + enormous}));
  expect_clean(load_from({"--log.level=" + enormous}));
  expect_clean(load_from({"--http.listen=" + enormous + ":1"}));
  expect_clean(load_from({enormous}));
  expect_clean(load_from({}, {{"PARLEY_" + enormous, enormous}}));
  expect_clean(load_from({"--config-file=" + enormous}));
  expect_clean(load_from({"--config-file=p"}, {}, {{"p", enormous + " = 1"}}));
  expect_clean(load_from({"--config-file=p"}, {},
                         {{"p", "log.level=\"" + enormous + '"'}}));
  expect_clean(load_from({"--http.cors.origins=" + enormous}));
  expect_clean(load_from({"--llm.api-key-file=k"}, {}, {{"k", enormous}}));
}

} // namespace
} // namespace parley::config
