// What every provider owes its caller (provider.hpp), asked of each of them.
#include <gtest/gtest.h>

#include "llm/eliza_provider.hpp"
#include "llm/openai_provider.hpp"
#include "llm/scripted_provider.hpp"
#include "tests/llm/raw_server.hpp"
#include "tests/llm/support.hpp"

namespace parley::llm {

namespace {

using namespace test;

// A provider whose answer is several pieces long, and what it needs to live.
struct subject {
  virtual ~subject() = default;
  virtual provider& model() = 0;
  boost::asio::io_context loop;
};

struct eliza_subject final : subject {
  eliza_provider made{std::chrono::milliseconds{0}};
  provider& model() override {
    return made;
  }
};

struct scripted_subject final : subject {
  scripted_provider made;
  scripted_subject() {
    made.play({connected{}, text("a"), text("b"), text("c"), finished{}});
  }
  provider& model() override {
    return made;
  }
};

struct openai_subject final : subject {
  raw_server server{loop};
  std::unique_ptr<openai_provider> made;
  openai_subject() {
    server.on_request = [](peer& from, const std::string& request) {
      from.send(request.starts_with("GET")
                  ? response(200, R"({"data":[{"id":"m"}]})")
                  : chunked_stream({content_event("a"), content_event("b"),
                                    finish_event(), done_event_frame()}));
    };
    config::settings settings;
    settings.llm.base_url = server.base_url();
    made = std::move(*openai_provider::make(settings));
  }
  provider& model() override {
    return *made;
  }
};

using make_function = std::unique_ptr<subject> (*)();

template <class T>
std::unique_ptr<subject> make() {
  return std::make_unique<T>();
}

std::string name_of(const testing::TestParamInfo<make_function>& which) {
  constexpr const char* names[] = {"eliza", "scripted", "openai"};
  return names[which.index];
}

class every_provider : public testing::TestWithParam<make_function> {
protected:
  std::unique_ptr<subject> own = GetParam()();
  ear heard;

  std::unique_ptr<generation> start() {
    return own->model().start(asked("count to 5"), own->loop, heard.function());
  }
  void run_to_end() {
    run_until(own->loop, [this] { return heard.ended(); });
    run_ready(own->loop);
  }
};

} // namespace

TEST_P(every_provider, connects_tells_and_ends_in_this_order) {
  const auto run = start();
  run_to_end();
  EXPECT_EQ(heard.connects, 1);
  EXPECT_TRUE(std::holds_alternative<connected>(heard.reports.front()));
  EXPECT_EQ(heard.ends, 1);
  EXPECT_EQ(heard.after_end, 0);
  EXPECT_TRUE(heard.finish);
  EXPECT_FALSE(heard.content.empty());
}

TEST_P(every_provider, tells_valid_pieces_only) {
  const auto run = start();
  run_to_end();
  EXPECT_TRUE(heard.all_text_is_valid());
}

TEST_P(every_provider, says_nothing_after_it_was_cancelled) {
  auto run = start();
  const auto before = heard.reports.size();
  run.reset();
  run_ready(own->loop);
  EXPECT_EQ(heard.reports.size(), before);
}

TEST_P(every_provider, may_be_cancelled_inside_a_report) {
  std::unique_ptr<generation> run;
  std::size_t at_cancel = 0;
  heard.on_each = [this, &run, &at_cancel] {
    if (run) {
      run.reset();
      at_cancel = heard.reports.size();
    }
  };
  run = start();
  run_ready(own->loop);
  EXPECT_TRUE(at_cancel == 0 || heard.reports.size() == at_cancel);
}

TEST_P(every_provider, may_be_destroyed_after_its_end) {
  auto run = start();
  run_to_end();
  run->pause();
  run->resume();
  run.reset();
  run_ready(own->loop);
  EXPECT_EQ(heard.ends, 1);
}

TEST_P(every_provider, runs_several_generations_at_once) {
  ear others[10];
  std::vector<std::unique_ptr<generation>> runs;
  for (auto& one : others)
    runs.push_back(
      own->model().start(asked("count to 5"), own->loop, one.function()));
  run_until(own->loop, [&others] {
    return std::all_of(std::begin(others), std::end(others),
                       [](const ear& one) { return one.ended(); });
  });
  for (const auto& one : others)
    EXPECT_EQ(one.content, others[0].content);
}

TEST_P(every_provider, lists_at_least_one_model) {
  int calls = 0;
  own->model().list_models(own->loop, [&calls](const auto& models) {
    ++calls;
    ASSERT_TRUE(models);
    EXPECT_FALSE(models->empty());
  });
  run_until(own->loop, [&calls] { return calls > 0; });
  run_ready(own->loop);
  EXPECT_EQ(calls, 1);
}

INSTANTIATE_TEST_SUITE_P(, every_provider,
                         testing::Values(&make<eliza_subject>,
                                         &make<scripted_subject>,
                                         &make<openai_subject>),
                         name_of);

} // namespace parley::llm
