// An openai_provider and a server that answers it, on one loop.
#pragma once

#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "config/settings.hpp"
#include "llm/openai_provider.hpp"
#include "tests/llm/raw_server.hpp"
#include "tests/llm/support.hpp"

namespace parley::llm::test {

struct openai_fixture : testing::Test {
  boost::asio::io_context loop;
  raw_server server{loop};
  config::settings settings;
  std::unique_ptr<openai_provider> model;
  ear heard;

  openai_fixture() {
    settings.llm.base_url = server.base_url();
  }

  // With the settings as they are now.
  void make_model() {
    auto made = openai_provider::make(settings);
    ASSERT_TRUE(made) << made.error().detail;
    model = std::move(*made);
  }

  std::unique_ptr<generation> start(ear& to) {
    if (!model)
      make_model();
    return model->start(asked("Hi"), loop, to.function());
  }

  // Every request is answered so.
  void answer_with(std::string bytes, bool then_close = false) {
    server.on_request = [bytes = std::move(bytes),
                         then_close](peer& from, const std::string&) {
      from.send(bytes);
      if (then_close)
        from.close();
    };
  }

  // One generation from its start to its end.
  ear ask() {
    ear made;
    const auto run = start(made);
    run_until(loop, [&made] { return made.ended(); });
    run_ready(loop);
    EXPECT_EQ(made.ends, 1);
    EXPECT_EQ(made.after_end, 0);
    return made;
  }

  ear ask(std::string bytes, bool then_close = false) {
    answer_with(std::move(bytes), then_close);
    return ask();
  }

  peer& last_peer() {
    return *server.peers.back();
  }
};

} // namespace parley::llm::test
