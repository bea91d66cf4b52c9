#include "telemetry/metrics.hpp"

#include <fstream>
#include <sstream>
#include <thread>
#include <vector>

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/init_global_meta_objects.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/version.hpp"
#include "tests/telemetry/exposition.hpp"

namespace parley::telemetry {
namespace {

class the_metrics : public testing::Test {
protected:
  the_metrics() : system_(config_), all_(system_) {
  }

  [[nodiscard]] exposition scrape() {
    auto text = to_prometheus_text(system_);
    auto result = read_exposition(text);
    EXPECT_THAT(result.errors, testing::IsEmpty()) << text;
    return result;
  }

  struct system_config : caf::actor_system_config {
    system_config() {
      caf::core::init_global_meta_objects();
      set("caf.scheduler.max-threads", 1);
    }
  };

  system_config config_;
  caf::actor_system system_;
  metrics all_;
};

// -- the format --------------------------------------------------------------

TEST_F(the_metrics, are_valid_prometheus_text) {
  EXPECT_EQ(scrape().value("parley_http_requests_total"), 0);
}

TEST_F(the_metrics, are_valid_prometheus_text_after_work) {
  all_.streams_in_flight->inc(3);
  all_.time_to_first_token->observe(0.2);
  all_.time_to_first_token->observe(1e9);
  all_.added_latency_token->observe(0.00007);
  all_.http_bytes_sent->inc(std::int64_t{1} << 40);
  auto text = scrape();
  EXPECT_EQ(text.value("parley_streams_in_flight"), 3);
  EXPECT_EQ(text.value("parley_http_sent_bytes_total"), 1099511627776.0);
}

TEST_F(the_metrics, have_histograms_from_50_microseconds_to_a_minute) {
  all_.added_latency_accept->observe(0.00005);
  all_.added_latency_accept->observe(0.003);
  all_.added_latency_accept->observe(61);
  auto text = scrape();
  auto bucket = [&text](const std::string& bound) {
    return text.value("parley_added_latency_seconds_bucket",
                      {{"stage", "accept"}, {"le", bound}});
  };
  EXPECT_EQ(bucket("0.000050"), 1);
  EXPECT_EQ(bucket("0.002500"), 1);
  EXPECT_EQ(bucket("0.005000"), 2);
  EXPECT_EQ(bucket("60.000000"), 2);
  EXPECT_EQ(bucket("+Inf"), 3);
  EXPECT_EQ(
    text.value("parley_added_latency_seconds_count", {{"stage", "accept"}}), 3);
  EXPECT_NEAR(
    text.value("parley_added_latency_seconds_sum", {{"stage", "accept"}}),
    61.00305, 1e-5);
}

TEST_F(the_metrics, keep_the_stages_of_added_latency_apart) {
  all_.added_latency_accept->observe(1);
  all_.added_latency_token->observe(1);
  all_.added_latency_token->observe(1);
  auto text = scrape();
  auto count = [&text](const std::string& stage) {
    return text.value("parley_added_latency_seconds_count", {{"stage", stage}});
  };
  EXPECT_EQ(count("accept"), 1);
  EXPECT_EQ(count("token"), 2);
  EXPECT_EQ(count("finish"), 0);
}

TEST_F(the_metrics, count_finished_streams_by_outcome) {
  using enum stream_status;
  all_.streams_finished(complete)->inc();
  all_.streams_finished(truncated)->inc(2);
  all_.streams_finished(cancelled)->inc(3);
  all_.streams_finished(failed)->inc(4);
  all_.streams_finished(interrupted)->inc(5);
  auto text = scrape();
  auto count = [&text](stream_status outcome) {
    return text.value("parley_streams_finished_total",
                      {{"outcome", std::string{to_string(outcome)}}});
  };
  EXPECT_EQ(count(complete), 1);
  EXPECT_EQ(count(truncated), 2);
  EXPECT_EQ(count(cancelled), 3);
  EXPECT_EQ(count(failed), 4);
  EXPECT_EQ(count(interrupted), 5);
}

TEST_F(the_metrics, may_be_made_twice_and_are_then_the_same) {
  metrics again{system_};
  again.requests->inc();
  all_.requests->inc();
  EXPECT_EQ(scrape().value("parley_http_requests_total"), 2);
}

TEST_F(the_metrics, can_be_recorded_and_scraped_from_many_threads) {
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([this] {
      for (int n = 0; n < 1'000; ++n) {
        all_.requests->inc();
        all_.commit_time->observe(0.001);
      }
      EXPECT_THAT(read_exposition(to_prometheus_text(system_)).errors,
                  testing::IsEmpty());
    });
  for (auto& thread : threads)
    thread.join();
  auto text = scrape();
  EXPECT_EQ(text.value("parley_http_requests_total"), 4'000);
  EXPECT_EQ(text.value("parley_store_commit_time_seconds_count"), 4'000);
}

// -- the process -------------------------------------------------------------

TEST_F(the_metrics, tell_about_the_process_and_the_build) {
  auto text = scrape();
  EXPECT_EQ(text.value("parley_build_info",
                       {{"version", std::string{config::version()}}}),
            1);
  EXPECT_GT(text.value("process_resident_memory_bytes"), 1'000'000);
  EXPECT_GT(text.value("process_virtual_memory_bytes"),
            text.value("process_resident_memory_bytes"));
  EXPECT_GE(text.value("process_cpu_seconds_total"), 0);
  EXPECT_GE(text.value("process_open_fds"), 3);
  EXPECT_GT(text.value("process_start_time_seconds"), 1.7e9);
}

// -- the document ------------------------------------------------------------

// The rows of the page's table, as the registry has them.
std::string rows(const exposition& text) {
  std::ostringstream out;
  for (const auto& [name, content] : text.families) {
    if (name.starts_with("caf_"))
      continue;
    std::string labels;
    for (const auto& [label, value] : content.samples.front().labels) {
      if (label != "le")
        labels += " `" + label + '`';
    }
    out << "| `" << name << "` | " << content.type << " |" << labels << " | "
        << content.help << " |\n";
  }
  return out.str();
}

TEST_F(the_metrics, are_all_on_their_page) {
  std::ifstream file{PARLEY_METRICS_DOC};
  std::string in_page;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("| `"))
      in_page += line + '\n';
  }
  auto expected = rows(scrape());
  EXPECT_EQ(in_page, expected) << "the table in docs/metrics.md should be:\n"
                               << expected;
}

} // namespace
} // namespace parley::telemetry
