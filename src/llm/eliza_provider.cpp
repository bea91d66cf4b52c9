#include "llm/eliza_provider.hpp"

#include <algorithm>
#include <atomic>
#include <utility>

#include <boost/asio/dispatch.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include "chat/utf8.hpp"

namespace parley::llm {

namespace {

namespace asio = boost::asio;

// The text up to the first of the stop sequences.
void cut_at_stop(std::string& text, const std::vector<std::string>& stops) {
  auto end = text.size();
  for (const auto& stop : stops)
    if (!stop.empty())
      end = std::min(end, text.find(stop));
  text.resize(end);
}

// The end of the word that begins at `from`, with the blanks before it.
std::size_t word_end(std::string_view text, std::size_t from) {
  const auto begin = text.find_first_not_of(" \n", from);
  if (begin == std::string_view::npos)
    return text.size();
  return std::min(text.find_first_of(" \n", begin), text.size());
}

std::uint64_t estimated_tokens(const prompt& what) {
  std::uint64_t chars = 0;
  for (const auto& one : what.messages)
    chars += utf8::length(one.content);
  return (chars + 3) / 4;
}

// One answer on its way. Belongs to the loop's thread; the timer's handlers
// keep it alive.
class telling : public std::enable_shared_from_this<telling> {
public:
  telling(asio::io_context& loop, std::chrono::milliseconds delay,
          std::string text, const prompt& asked, report_function on_report)
    : timer_(loop),
      delay_(delay),
      text_(std::move(text)),
      words_left_(asked.sampling.max_tokens.value_or(INT64_MAX)),
      on_report_(std::move(on_report)) {
    used_.prompt_tokens = estimated_tokens(asked);
  }

  void begin() {
    if (cancelled_)
      return;
    on_report_(connected{});
    tell_word();
  }

  // Nobody listens any more. Thread-safe: the cancel that follows may have to
  // wait for its turn on the loop.
  void abandon() noexcept {
    cancelled_ = true;
  }

  void pause() {
    paused_ = true;
  }

  void resume() {
    if (!std::exchange(paused_, false) || waiting_ || ended_ || cancelled_)
      return;
    wait();
  }

  void cancel() {
    abandon();
    timer_.cancel();
  }

private:
  void wait() {
    waiting_ = true;
    auto next = [self = shared_from_this()](const boost::system::error_code&) {
      self->waiting_ = false;
      self->tell_word();
    };
    if (delay_.count() == 0) {
      asio::post(timer_.get_executor(), [next] { next({}); });
      return;
    }
    timer_.expires_after(delay_);
    timer_.async_wait(std::move(next));
  }

  // A report may cancel, so nothing is touched after one but `cancelled_`.
  void tell_word() {
    if (ended_ || cancelled_ || paused_)
      return;
    if (at_ == text_.size() || words_left_ == 0) {
      ended_ = true;
      on_report_(finished{at_ == text_.size() ? finish_reason::stop
                                              : finish_reason::length,
                          used_});
      return;
    }
    const auto end = word_end(text_, at_);
    text_delta piece{text_kind::content, text_.substr(at_, end - at_)};
    at_ = end;
    --words_left_;
    ++used_.completion_tokens;
    deltas told;
    told.items.emplace_back(std::move(piece));
    on_report_(std::move(told));
    if (!cancelled_)
      wait();
  }

  asio::steady_timer timer_;
  std::chrono::milliseconds delay_;
  std::string text_;
  std::size_t at_ = 0;
  std::int64_t words_left_;
  usage used_;
  report_function on_report_;
  bool paused_ = false;
  bool waiting_ = false; // a handler is on its way
  bool ended_ = false;
  std::atomic<bool> cancelled_ = false;
};

class eliza_generation final : public generation {
public:
  eliza_generation(asio::io_context& loop, std::shared_ptr<telling> told)
    : loop_(loop), told_(std::move(told)) {
  }

  ~eliza_generation() override {
    told_->abandon();
    asio::dispatch(loop_, [told = std::move(told_)] { told->cancel(); });
  }

  void pause() override {
    asio::dispatch(loop_, [told = told_] { told->pause(); });
  }

  void resume() override {
    asio::dispatch(loop_, [told = told_] { told->resume(); });
  }

private:
  asio::io_context& loop_;
  std::shared_ptr<telling> told_;
};

} // namespace

eliza_provider::eliza_provider(std::chrono::milliseconds word_delay)
  : word_delay_(word_delay) {
}

std::unique_ptr<generation> eliza_provider::start(prompt what,
                                                  asio::io_context& loop,
                                                  report_function on_report) {
  auto text = engine_.answer(what);
  cut_at_stop(text, what.sampling.stop);
  auto told = std::make_shared<telling>(loop, word_delay_, std::move(text),
                                        what, std::move(on_report));
  asio::post(loop, [told] { told->begin(); });
  return std::make_unique<eliza_generation>(loop, std::move(told));
}

void eliza_provider::list_models(asio::io_context&, models_function on_models) {
  on_models(std::vector<model_info>{{"eliza", 0, "parley"}});
}

} // namespace parley::llm
