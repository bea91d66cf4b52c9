// A strict reader of Prometheus' text format 0.0.4, independent of what writes
// it: anything that a scraper might stumble over is an error.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace parley::telemetry {

struct sample {
  std::string name;
  std::map<std::string, std::string> labels;
  double value = 0;
};

struct family {
  std::string type;
  std::string help;
  std::vector<sample> samples;
};

struct exposition {
  std::map<std::string, family> families;
  std::vector<std::string> errors;

  // The value of the sample with exactly these labels; NaN when there is none.
  [[nodiscard]] double
  value(const std::string& name,
        const std::map<std::string, std::string>& labels = {}) const;
};

[[nodiscard]] exposition read_exposition(std::string_view text);

} // namespace parley::telemetry
