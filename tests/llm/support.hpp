// What the tests of llm/ share: a loop that is run until something has
// happened, and an ear for reports.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include "chat/utf8.hpp"
#include "llm/provider.hpp"

namespace parley::llm::test {

// Runs handlers until `done`. A loop that falls silent before that is a
// failure of the test, not a hang.
inline bool run_until(boost::asio::io_context& loop,
                      const std::function<bool()>& done) {
  using namespace std::chrono_literals;
  loop.restart();
  while (!done()) {
    if (loop.run_one_for(20s) == 0) {
      ADD_FAILURE() << "what was waited for has not happened";
      return false;
    }
  }
  return true;
}

// Runs what is ready and what follows from it, and waits for nothing.
inline void run_ready(boost::asio::io_context& loop) {
  loop.restart();
  // Bytes on loopback are there when the write returns, but a look at the
  // sockets may only begin with the second poll.
  for (int quiet = 0; quiet < 3;)
    quiet = loop.poll() == 0 ? quiet + 1 : 0;
}

// All reports of one generation.
struct ear {
  std::vector<report> reports;
  int connects = 0;
  int ends = 0;
  int after_end = 0;
  std::string content;
  std::string reasoning;
  std::vector<tool_call> tool_calls;
  std::optional<finished> finish;
  std::optional<failed> failure;
  std::function<void()> on_each; // called after every report

  [[nodiscard]] bool ended() const {
    return ends > 0;
  }

  [[nodiscard]] report_function function() {
    return [this](report what) {
      take(std::move(what));
    };
  }

  void take(report what) {
    after_end += ends > 0 ? 1 : 0;
    reports.push_back(what);
    if (std::holds_alternative<connected>(what))
      ++connects;
    if (auto* several = std::get_if<deltas>(&what)) {
      EXPECT_FALSE(several->items.empty());
      for (auto& one : several->items)
        take(one);
    }
    if (auto* end = std::get_if<finished>(&what)) {
      ++ends;
      finish = *end;
    }
    if (auto* end = std::get_if<failed>(&what)) {
      ++ends;
      failure = *end;
    }
    if (on_each)
      on_each();
  }

  [[nodiscard]] bool all_text_is_valid() const {
    for (const auto& one : reports) {
      const auto* several = std::get_if<deltas>(&one);
      for (const auto& item : several ? several->items : std::vector<delta>{}) {
        const auto* text = std::get_if<text_delta>(&item);
        if (text && !utf8::is_valid(text->text))
          return false;
      }
    }
    return true;
  }

  void take(const delta& one) {
    if (const auto* call = std::get_if<tool_call>(&one)) {
      tool_calls.push_back(*call);
      return;
    }
    const auto& text = std::get<text_delta>(one);
    EXPECT_FALSE(text.text.empty());
    (text.kind == text_kind::content ? content : reasoning) += text.text;
  }
};

inline prompt asked(std::string text) {
  prompt made;
  made.model = "some-model";
  made.messages.push_back({role::user, std::move(text)});
  return made;
}

} // namespace parley::llm::test
