// What the load client counts, and how it prints it.
#pragma once

#include "load_options.hpp"
#include "support/cpu_clock.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace parley::bench {

/// How one answer ended.
enum class outcome {
  /// Every token, once, in order.
  exact,
  wrong_tokens,
  error_frame,
  bad_status,
  malformed,
  cut,
  refused,
  timed_out,
};

inline constexpr std::size_t outcome_count = 8;

class load_report {
public:
  explicit load_report(const load_options& options);

  void begin(std::int64_t now);

  /// Opens the steady window when its time has come.
  void on_time(std::int64_t now);

  /// The window opened late and has been open for long enough.
  bool hopeless(std::int64_t now) const {
    return late_ && now >= opened_us_ + options_.late_window_us;
  }

  void on_head(int status);

  /// `ask_us`: from the request's first byte to the upstream having it whole;
  /// `answer_us`: from the first token's stamp to its arrival here.
  void on_first_token(std::int64_t ask_us, std::int64_t answer_us,
                      std::int64_t now);

  void on_token(std::int64_t latency_us);

  void on_frame() {
    ++frames_;
  }

  /// An answer is over, so not every stream runs any more.
  void on_answer_end();

  void count(outcome how) {
    ++outcomes_[static_cast<std::size_t>(how)];
  }

  /// The first error frame, to be shown.
  void keep_example(std::string_view payload) {
    if (example_.empty())
      example_ = payload.substr(0, 200);
  }

  void end(std::int64_t now);

  /// Streams whose response began with 200.
  std::uint32_t heads() const {
    return heads_;
  }

  void print() const;

private:
  void open_window(std::int64_t now);
  void close_window(std::int64_t now);

  const load_options& options_;
  std::array<std::uint64_t, outcome_count> outcomes_{};
  std::uint32_t heads_ = 0;
  std::uint64_t first_tokens_ = 0;
  std::uint64_t tokens_ = 0;
  std::uint64_t frames_ = 0;
  std::string example_;
  std::int64_t begin_us_ = 0;
  std::int64_t end_us_ = 0;

  // -- the window ------------------------------------------------------------
  enum class phase { before, open, closed };
  phase phase_ = phase::before;
  bool late_ = false;
  std::int64_t opens_at_us_ = 0;
  std::int64_t opened_us_ = 0;
  std::int64_t closed_us_ = 0;
  std::uint64_t window_tokens_ = 0;
  cpu_clock server_cpu_;
  cpu_clock upstream_cpu_;
  cpu_clock own_cpu_;
  std::vector<std::int32_t> latencies_us_;
  std::vector<std::int32_t> first_token_us_;
};

} // namespace parley::bench
