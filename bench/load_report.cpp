#include "load_report.hpp"

#include "support/net.hpp"

#include <algorithm>
#include <cstdio>
#include <unistd.h>

namespace parley::bench {

namespace {

constexpr std::array<const char*, outcome_count> outcome_names{
  "exact",     "wrong_tokens", "error_frame", "bad_status",
  "malformed", "cut",          "refused",     "timed_out"};

/// Later measurements are counted, but not kept one by one.
constexpr std::size_t max_samples = 8'000'000;

void keep(std::vector<std::int32_t>& samples, std::int64_t value) {
  if (samples.size() < max_samples)
    samples.push_back(
      static_cast<std::int32_t>(std::clamp<std::int64_t>(value, 0, INT32_MAX)));
}

void print_quantiles(const char* name, std::vector<std::int32_t> samples) {
  std::sort(samples.begin(), samples.end());
  const auto at = [&samples](double share) {
    const auto last = static_cast<double>(samples.size() - 1);
    return samples.empty()
             ? -1
             : samples[static_cast<std::size_t>(last * share + 0.5)];
  };
  std::printf(",\"%s\":{\"count\":%zu,\"p50\":%d,\"p90\":%d,\"p99\":%d,"
              "\"max\":%d}",
              name, samples.size(), at(0.5), at(0.9), at(0.99), at(1.0));
}

/// The example is part of somebody's JSON; here it is a text.
std::string escaped(std::string_view text) {
  std::string result;
  for (const auto c : text) {
    if (c == '"' || c == '\\')
      result += '\\';
    result += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
  }
  return result;
}

} // namespace

load_report::load_report(const load_options& options)
  : options_(options),
    server_cpu_(options.server_pid),
    upstream_cpu_(options.upstream_pid),
    own_cpu_(getpid()) {
}

void load_report::begin(std::int64_t now) {
  begin_us_ = now;
  if (options_.window == measured_window::whole_run)
    open_window(now);
}

void load_report::on_time(std::int64_t now) {
  if (phase_ != phase::before)
    return;
  late_ = now >= begin_us_ + options_.latest_opening_us;
  if (late_ || (opens_at_us_ != 0 && now >= opens_at_us_))
    open_window(now);
}

void load_report::on_head(int status) {
  if (status == 200)
    ++heads_;
}

void load_report::on_first_token(std::int64_t ask_us, std::int64_t answer_us,
                                 std::int64_t now) {
  keep(first_token_us_, ask_us + answer_us);
  if (++first_tokens_ == options_.streams)
    opens_at_us_ = now + options_.settle_us;
}

void load_report::on_token(std::int64_t latency_us) {
  ++tokens_;
  if (phase_ != phase::open)
    return;
  ++window_tokens_;
  keep(latencies_us_, latency_us);
}

void load_report::on_answer_end() {
  if (options_.window == measured_window::steady_state && !late_)
    close_window(now_us());
}

void load_report::open_window(std::int64_t now) {
  phase_ = phase::open;
  opened_us_ = now;
  server_cpu_.start();
  upstream_cpu_.start();
  own_cpu_.start();
}

void load_report::close_window(std::int64_t now) {
  if (phase_ != phase::open)
    return;
  phase_ = phase::closed;
  closed_us_ = now;
  server_cpu_.stop();
  upstream_cpu_.stop();
  own_cpu_.stop();
}

void load_report::end(std::int64_t now) {
  end_us_ = now;
  close_window(now);
}

void load_report::print() const {
  const auto expected =
    std::uint64_t{options_.streams} * options_.requests * options_.tokens;
  std::printf("{\"streams\":%u,\"requests\":%u,\"heads\":%u,"
              "\"tokens_expected\":%lu,\"tokens_received\":%lu,"
              "\"frames\":%lu,\"seconds\":%.6f,\"outcomes\":{",
              options_.streams, options_.streams * options_.requests, heads_,
              expected, tokens_, frames_,
              static_cast<double>(end_us_ - begin_us_) / 1e6);
  for (std::size_t i = 0; i < outcome_count; ++i)
    std::printf("%s\"%s\":%lu", i == 0 ? "" : ",", outcome_names[i],
                outcomes_[i]);
  std::printf("},\"example_error\":\"%s\"", escaped(example_).c_str());
  std::printf(
    ",\"window\":{\"opened\":%s,\"late\":%s,\"seconds\":%.6f,\"tokens\":%lu,"
    "\"server_cpu_us\":%ld,\"upstream_cpu_us\":%ld,"
    "\"client_cpu_us\":%ld}",
    phase_ == phase::before ? "false" : "true", late_ ? "true" : "false",
    static_cast<double>(closed_us_ - opened_us_) / 1e6, window_tokens_,
    server_cpu_.elapsed_us(), upstream_cpu_.elapsed_us(),
    own_cpu_.elapsed_us());
  print_quantiles("latency_us", latencies_us_);
  print_quantiles("first_token_us", first_token_us_);
  std::printf("}\n");
  std::fflush(stdout);
}

} // namespace parley::bench
