// The reader that the metrics' tests trust: it must notice what it is for.
#include "tests/telemetry/exposition.hpp"

#include <cmath>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace parley::telemetry {
namespace {

using testing::HasSubstr;

std::string first_error(const std::string& text) {
  auto result = read_exposition(text);
  return result.errors.empty() ? "" : result.errors.front();
}

const std::string counter = "# HELP a_total Help.\n# TYPE a_total counter\n";
const std::string histogram = "# HELP h Help.\n# TYPE h histogram\n";

TEST(the_exposition_reader, takes_what_is_right) {
  EXPECT_EQ(first_error(counter + "a_total{x=\"1\"} 5\na_total 0.5\n"), "");
  EXPECT_EQ(first_error(histogram
                        + "h_bucket{le=\"1\"} 2\nh_bucket{le=\"+Inf\"} 3\n"
                          "h_sum 5\nh_count 3\n"),
            "");
}

TEST(the_exposition_reader, finds_values_by_name_and_labels) {
  auto text =
    read_exposition(counter + "a_total{x=\"1\",y=\"2\"} 5\na_total 7\n");
  EXPECT_EQ(text.value("a_total", {{"y", "2"}, {"x", "1"}}), 5);
  EXPECT_EQ(text.value("a_total"), 7);
  EXPECT_TRUE(std::isnan(text.value("b_total")));
}

TEST(the_exposition_reader, notices_lines_that_are_no_samples) {
  EXPECT_THAT(first_error(counter + "a_total 5 1700000000000\n"),
              HasSubstr("no sample"));
  EXPECT_THAT(first_error(counter + "a-total 5\n"), HasSubstr("no sample"));
  EXPECT_THAT(first_error(counter + "a_total five\n"), HasSubstr("no number"));
  EXPECT_THAT(first_error(counter + "a_total{x=1} 5\n"),
              HasSubstr("no labels"));
  EXPECT_THAT(first_error(counter + "a_total{x=\"a\"b\"} 5\n"),
              HasSubstr("no labels"));
  EXPECT_THAT(first_error(counter + "a_total{x=\"1\",x=\"2\"} 5\n"),
              HasSubstr("label twice"));
  EXPECT_THAT(first_error(counter + "a_total 5"), HasSubstr("does not end"));
}

TEST(the_exposition_reader, notices_families_that_are_torn_or_nameless) {
  EXPECT_THAT(first_error("a_total 5\n"), HasSubstr("away from its family"));
  EXPECT_THAT(first_error(counter + "b_total 5\n"),
              HasSubstr("away from its family"));
  EXPECT_THAT(first_error("# TYPE a_total counter\na_total 5\n"),
              HasSubstr("away from its HELP"));
  EXPECT_THAT(first_error(counter + "a_total 5\n" + counter + "a_total 6\n"),
              HasSubstr("two families"));
  EXPECT_THAT(first_error(counter), HasSubstr("no samples"));
  EXPECT_THAT(first_error("# HELP a Help.\n# TYPE a counter\na 5\n"),
              HasSubstr("_total"));
  EXPECT_THAT(first_error(counter + "a_total 5\na_total 5\n"),
              HasSubstr("sample twice"));
  EXPECT_THAT(first_error(counter + "a_total -1\n"), HasSubstr("negative"));
}

TEST(the_exposition_reader, notices_histograms_that_do_not_add_up) {
  auto error_of = [](const std::string& samples) {
    return first_error(histogram + samples);
  };
  EXPECT_THAT(error_of("h_bucket{le=\"1\"} 3\nh_bucket{le=\"+Inf\"} 2\n"
                       "h_sum 5\nh_count 2\n"),
              HasSubstr("not cumulative"));
  EXPECT_THAT(error_of("h_bucket{le=\"2\"} 1\nh_bucket{le=\"1\"} 2\n"
                       "h_bucket{le=\"+Inf\"} 2\nh_sum 5\nh_count 2\n"),
              HasSubstr("do not rise"));
  EXPECT_THAT(error_of("h_bucket{le=\"1\"} 1\nh_bucket{le=\"2\"} 2\n"
                       "h_sum 5\nh_count 2\n"),
              HasSubstr("+Inf"));
  EXPECT_THAT(error_of("h_bucket{le=\"1\"} 1\nh_bucket{le=\"+Inf\"} 2\n"
                       "h_sum 5\nh_count 3\n"),
              HasSubstr("not its count"));
  EXPECT_THAT(error_of("h_bucket{le=\"1\"} 1\nh_bucket{le=\"+Inf\"} 2\n"
                       "h_count 2\n"),
              HasSubstr("lacks"));
}

} // namespace
} // namespace parley::telemetry
