// An exchange without a socket: keeps what a handler answers.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <gtest/gtest.h>

#include "http/exchange.hpp"
#include "http/reply.hpp"

namespace parley::http::test {

// Takes each write at once (on the loop's next turn), or, when `slow`, when the
// test says so. Fails the test when the contract of event_stream is broken.
class fake_stream final : public event_stream {
public:
  fake_stream(boost::asio::io_context& loop, header_list sent)
    : headers(std::move(sent)), loop_(loop) {
  }

  void on_gone(std::function<void()> handler) override {
    EXPECT_TRUE(writes.empty()) << "on_gone is set before the first write";
    gone_ = std::move(handler);
  }

  void write(std::string frames, std::function<void()> on_written) override {
    EXPECT_FALSE(written_) << "one write at a time";
    EXPECT_FALSE(finished || aborted || gone) << "nothing after the end";
    EXPECT_FALSE(frames.empty());
    writes.push_back(std::move(frames));
    written_ = std::move(on_written);
    if (!slow)
      take_write();
  }

  void finish() override {
    EXPECT_FALSE(finished || aborted || gone) << "one end";
    finished = true;
  }

  void abort() override {
    aborted = true;
  }

  // The socket takes the write that is on its way.
  void take_write() {
    boost::asio::post(loop_, [done = std::exchange(written_, nullptr)] {
      if (done)
        done();
    });
  }

  void client_goes() {
    gone = true;
    written_ = nullptr;
    if (auto handler = std::exchange(gone_, nullptr))
      handler();
  }

  [[nodiscard]] std::string body() const {
    std::string all;
    for (const auto& one : writes)
      all += one;
    return all;
  }

  header_list headers;
  std::vector<std::string> writes;
  bool slow = false;
  bool finished = false;
  bool aborted = false;
  bool gone = false;

private:
  boost::asio::io_context& loop_;
  std::function<void()> gone_;
  std::function<void()> written_;
};

class fake_exchange final : public exchange {
public:
  fake_exchange(caf::actor_system& system, boost::asio::io_context& loop,
                http::request what,
                std::vector<std::pair<std::string, std::string>> from_path)
    : asked(std::move(what)),
      parameters(std::move(from_path)),
      companion_(runtime::make_companion(system, loop)),
      loop_(loop) {
  }

  ~fake_exchange() override {
    client_goes();
    companion_->end();
  }

  [[nodiscard]] const http::request& request() const override {
    return asked;
  }

  [[nodiscard]] const std::string&
  parameter(std::string_view name) const override {
    for (const auto& [key, value] : parameters)
      if (key == name)
        return value;
    ADD_FAILURE() << "no parameter " << name;
    return asked.path;
  }

  void respond(response what) override {
    EXPECT_FALSE(is_answered()) << "an exchange is answered once";
    answer = std::move(what);
  }

  void fail(const error& what) override {
    EXPECT_FALSE(is_answered()) << "an exchange is answered once";
    failure = what;
  }

  [[nodiscard]] std::shared_ptr<event_stream>
  begin_event_stream(header_list headers) override {
    EXPECT_FALSE(is_answered()) << "an exchange is answered once";
    stream = std::make_shared<fake_stream>(loop_, std::move(headers));
    stream->slow = slow;
    return stream;
  }

  [[nodiscard]] bool gone() const override {
    return gone_;
  }

  void on_gone(std::function<void()> handler) override {
    on_gone_ = std::move(handler);
  }

  [[nodiscard]] runtime::companion& actor() override {
    return *companion_;
  }

  [[nodiscard]] boost::asio::io_context& loop() override {
    return loop_;
  }

  [[nodiscard]] std::uint32_t loop_index() const override {
    return 3;
  }

  // Before the head of a stream, or within it.
  void client_goes() {
    gone_ = true;
    if (auto handler = std::exchange(on_gone_, nullptr))
      handler();
    if (stream && !stream->finished && !stream->aborted && !stream->gone)
      stream->client_goes();
  }

  [[nodiscard]] bool is_answered() const {
    return answer || failure || stream;
  }

  http::request asked;
  std::vector<std::pair<std::string, std::string>> parameters;
  bool slow = false; // of streams that begin here
  std::optional<response> answer;
  std::optional<error> failure;
  std::shared_ptr<fake_stream> stream;

private:
  runtime::companion_ptr companion_;
  boost::asio::io_context& loop_;
  std::function<void()> on_gone_;
  bool gone_ = false;
};

[[nodiscard]] inline std::string header_of(const header_list& headers,
                                           std::string_view name) {
  for (const auto& [key, value] : headers)
    if (key == name)
      return value;
  return {};
}

} // namespace parley::http::test
