#include "llm/eliza_engine.hpp"

#include <gtest/gtest.h>

#include "chat/utf8.hpp"
#include "llm/eliza_provider.hpp"
#include "llm/eliza_tales.hpp"
#include "llm/eliza_words.hpp"
#include "tests/llm/support.hpp"

namespace parley::llm {

namespace {

using test::asked;
using test::ear;

std::string reflected(std::string_view text) {
  const auto clauses = clauses_of(text);
  return clauses.empty() ? std::string{} : reflect(clauses.front());
}

std::string answer_to(std::vector<std::string> messages,
                      std::optional<std::int64_t> seed = std::nullopt) {
  prompt what;
  what.sampling.seed = seed;
  for (std::size_t i = 0; i < messages.size(); ++i) {
    if (i > 0)
      what.messages.push_back({role::assistant, "I see."});
    what.messages.push_back({role::user, messages[i]});
  }
  return eliza_engine{}.answer(what);
}

std::size_t words_in(std::string_view text) {
  std::size_t count = 0;
  for (const auto& one : clauses_of(text))
    count += one.size();
  return count;
}

} // namespace

// -- reading -----------------------------------------------------------------

TEST(eliza_words, splits_clauses_but_not_numbers) {
  const auto clauses = clauses_of("Count to 10,000. Now! 3.5 is fine");
  ASSERT_EQ(clauses.size(), 3u);
  EXPECT_EQ(clauses[0].back().key, "10,000");
  EXPECT_EQ(clauses[2].front().key, "3.5");
}

TEST(eliza_words, expands_contractions_with_either_apostrophe) {
  for (const auto* text : {"I'm here", "I\u2019m here", "Im here"}) {
    const auto clauses = clauses_of(text);
    ASSERT_EQ(clauses.size(), 1u);
    ASSERT_EQ(clauses[0].size(), 3u);
    EXPECT_EQ(clauses[0][0].key, "i");
    EXPECT_EQ(clauses[0][1].key, "am");
  }
}

TEST(eliza_words, reflects_persons) {
  EXPECT_EQ(reflected("my sister loves me"), "your sister loves you");
  EXPECT_EQ(reflected("your house is mine"), "my house is yours");
  EXPECT_EQ(reflected("I hurt myself"), "you hurt yourself");
  EXPECT_EQ(reflected("you like cats"), "I like cats");
  EXPECT_EQ(reflected("afraid of you"), "afraid of me");
  EXPECT_EQ(reflected("I love you"), "you love me");
  EXPECT_EQ(reflected("you are my friend"), "I am your friend");
  EXPECT_EQ(reflected("I was late and you were early"),
            "you were late and I was early");
  EXPECT_EQ(reflected("what you said to me"), "what I said to you");
}

TEST(eliza_words, reads_hostile_messages_in_bounded_pieces) {
  const std::string endless(1'000'000, 'a');
  EXPECT_LE(clauses_of(endless).size(), 1u);
  std::string many;
  for (int i = 0; i < 100'000; ++i)
    many += "x ";
  for (const auto& one : clauses_of(many))
    EXPECT_LE(one.size(), max_clause_words);
}

// -- the script --------------------------------------------------------------

TEST(eliza_script, is_well_formed_and_large_enough) {
  const auto script = parse_eliza_script(eliza_script_text());
  ASSERT_TRUE(script) << script.error().detail;
  EXPECT_GE(script->rules.size(), 40u);
  EXPECT_GE(script->fallback.size(), 5u);
  for (const auto& rule : script->rules) {
    EXPECT_FALSE(rule.decompositions.empty()) << rule.triggers.front();
    for (const auto& one : rule.decompositions)
      EXPECT_FALSE(one.say.empty()) << rule.triggers.front();
  }
}

TEST(eliza_script, names_only_captures_that_its_patterns_have) {
  const auto script = parse_eliza_script(eliza_script_text());
  ASSERT_TRUE(script);
  for (const auto& rule : script->rules) {
    for (const auto& one : rule.decompositions) {
      int captured = 0;
      for (const auto& token : one.pattern)
        captured += token.kind != eliza_token::kind_t::literal;
      auto check = [captured](const std::string& text) {
        for (auto at = text.find('{'); at != std::string::npos;
             at = text.find('{', at + 1)) {
          if (text[at + 1] >= '1' && text[at + 1] <= '9') {
            EXPECT_LE(text[at + 1] - '0', captured) << text;
          }
        }
      };
      for (const auto& text : one.say)
        check(text);
      for (const auto& text : one.keep)
        check(text);
    }
  }
}

TEST(eliza_script, refuses_lines_that_make_no_sense) {
  for (const auto* text :
       {"what", "rule x : a", "match *", "say hello", "group a",
        "rule 1 : a\nmatch @nobody", "rule 1 : @nobody", "fallback\nmatch *"})
    EXPECT_FALSE(parse_eliza_script(text)) << text;
}

// -- the conversation --------------------------------------------------------

TEST(eliza_engine, greets_by_name_once_it_is_told) {
  EXPECT_EQ(answer_to({"My name is ann"}),
            "Nice to meet you, Ann! What brings you here today?");
  EXPECT_EQ(answer_to({"My name is Ann", "hello"}),
            "Hello Ann! How are things with you today?");
  EXPECT_EQ(answer_to({"What is my name?"}),
            "You have not told me your name yet. What is it?");
  EXPECT_EQ(answer_to({"I'm called Jo", "What's my name?"}),
            "You are Jo, if I remember well.");
}

TEST(eliza_engine, says_back_what_it_heard_with_the_persons_changed) {
  EXPECT_EQ(answer_to({"I am afraid of my boss"}),
            "What is it about your boss that makes you afraid?");
  EXPECT_EQ(answer_to({"Well, my mother hates you."}),
            "Tell me more about your mother.");
}

TEST(eliza_engine, comes_back_to_what_was_said_when_nothing_fits) {
  const auto said = answer_to({"My mother is ill", "Hmm"});
  EXPECT_EQ(said,
            "Earlier you said your mother is ill. How do you two get on?");
  EXPECT_EQ(answer_to({"My mother is ill", "Hmm", "Hmm"}),
            "Please tell me more.");
}

TEST(eliza_engine, answers_are_the_same_for_the_same_prompt) {
  const std::vector<std::string> talk{"Hello", "I want to go home", "Hmm"};
  EXPECT_EQ(answer_to(talk), answer_to(talk));
  EXPECT_EQ(answer_to(talk, 7), answer_to(talk, 7));
}

TEST(eliza_engine, alternatives_take_turns_and_a_seed_chooses_among_them) {
  EXPECT_NE(answer_to({"Hmm"}), answer_to({"Hmm", "Hmm"}));
  EXPECT_NE(answer_to({"Hmm"}, 0), answer_to({"Hmm"}, 1));
}

TEST(eliza_engine, always_says_something_valid) {
  const std::string odd[] = {"",
                             " ",
                             "?",
                             "...",
                             "\n",
                             "I",
                             "you",
                             "my",
                             "\U0001F600\U0001F600",
                             "{1} {name} {",
                             std::string(40'000, 'i'),
                             "i i i i i i i i i",
                             "count to",
                             "repeat:",
                             "because",
                             "my name is",
                             "call me",
                             "why don't you"};
  for (const auto& text : odd) {
    const auto said = answer_to({text});
    EXPECT_FALSE(said.empty()) << text.substr(0, 40);
    EXPECT_TRUE(utf8::is_valid(said)) << text.substr(0, 40);
  }
  EXPECT_FALSE(eliza_engine{}.answer(prompt{}).empty());
}

TEST(eliza_engine, every_reply_of_the_script_fills_its_slots) {
  std::vector<std::string> talk;
  for (int i = 0; i < 60; ++i) {
    talk.push_back(i % 2 ? "I am sad and my dog is ill"
                         : "I want to know why you hate me");
    EXPECT_EQ(answer_to(talk).find('{'), std::string::npos);
  }
}

// -- tales -------------------------------------------------------------------

TEST(eliza_tales, counts) {
  EXPECT_EQ(answer_to({"Please count to 12."}),
            "1, 2, 3, 4, 5, 6, 7, 8, 9, 10,\n11, 12.");
  EXPECT_EQ(answer_to({"count from 3 to 1"}), "3, 2, 1.");
  EXPECT_TRUE(answer_to({"count to 10,000"}).ends_with("9999, 10000."));
  EXPECT_TRUE(answer_to({"count to 99999999999999999999"}).ends_with("10000."));
}

TEST(eliza_tales, tells_stories_of_several_paragraphs) {
  const auto said = answer_to({"Tell me a story, please"});
  EXPECT_GE(words_in(said.substr(0, 8000)), 300u);
  EXPECT_NE(said.find("\n\n"), std::string::npos);
  EXPECT_EQ(said.find('{'), std::string::npos);
  EXPECT_EQ(said, answer_to({"Tell me a story, please"}));
  EXPECT_NE(said, answer_to({"Tell me a story, please"}, 5));
  EXPECT_GT(answer_to({"tell me a long story"}).size(), 2 * said.size());
  EXPECT_TRUE(answer_to({"Write a story about my dog"})
                .starts_with("You want to hear about your dog."));
}

TEST(eliza_tales, repeats_any_text_as_it_is) {
  EXPECT_EQ(answer_to({"Repeat after me: \U0001F600, {1} \"x\"\nend"}),
            "\U0001F600, {1} \"x\"\nend");
}

// -- the provider ------------------------------------------------------------

TEST(eliza_provider, words_joined_are_the_whole_answer) {
  boost::asio::io_context loop;
  eliza_provider eliza{std::chrono::milliseconds{0}};
  ear heard;
  auto what = asked("count to 30");
  const auto expected = eliza_engine{}.answer(what);
  const auto run = eliza.start(what, loop, heard.function());
  EXPECT_TRUE(heard.reports.empty());
  test::run_until(loop, [&heard] { return heard.ended(); });
  EXPECT_EQ(heard.content, expected);
  ASSERT_TRUE(heard.finish);
  EXPECT_EQ(heard.finish->reason, finish_reason::stop);
  ASSERT_TRUE(heard.finish->used);
  EXPECT_EQ(heard.finish->used->completion_tokens, 30u);
  EXPECT_TRUE(heard.finish->used->estimated);
}

TEST(eliza_provider, max_tokens_ends_with_length_only_where_it_cuts) {
  boost::asio::io_context loop;
  eliza_provider eliza{std::chrono::milliseconds{0}};
  for (const auto& [most, reason] : {std::pair{3, finish_reason::length},
                                     {5, finish_reason::stop},
                                     {6, finish_reason::stop}}) {
    ear heard;
    auto what = asked("count to 5");
    what.sampling.max_tokens = most;
    const auto run = eliza.start(what, loop, heard.function());
    test::run_until(loop, [&heard] { return heard.ended(); });
    EXPECT_EQ(heard.finish->reason, reason) << most;
  }
}

TEST(eliza_provider, ends_before_a_stop_sequence) {
  boost::asio::io_context loop;
  eliza_provider eliza{std::chrono::milliseconds{0}};
  ear heard;
  auto what = asked("count to 9");
  what.sampling.stop = {"7", ", 4"};
  const auto run = eliza.start(what, loop, heard.function());
  test::run_until(loop, [&heard] { return heard.ended(); });
  EXPECT_EQ(heard.content, "1, 2, 3");
  EXPECT_EQ(heard.finish->reason, finish_reason::stop);
}

TEST(eliza_provider, keeps_its_pace) {
  boost::asio::io_context loop;
  eliza_provider eliza{std::chrono::milliseconds{2}};
  ear heard;
  const auto run = eliza.start(asked("count to 4"), loop, heard.function());
  const auto begun = std::chrono::steady_clock::now();
  test::run_until(loop, [&heard] { return heard.ended(); });
  EXPECT_GE(std::chrono::steady_clock::now() - begun,
            std::chrono::milliseconds{6});
  EXPECT_EQ(heard.content, "1, 2, 3, 4.");
}

} // namespace parley::llm
