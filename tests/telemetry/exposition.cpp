#include "tests/telemetry/exposition.hpp"

#include <charconv>
#include <limits>
#include <optional>
#include <regex>
#include <set>
#include <sstream>

namespace parley::telemetry {

namespace {

std::optional<double> number_of(const std::string& text) {
  if (text == "+Inf")
    return std::numeric_limits<double>::infinity();
  double value = 0;
  auto last = text.data() + text.size();
  auto [end, failure] = std::from_chars(text.data(), last, value);
  if (failure != std::errc{} || end != last)
    return std::nullopt;
  return value;
}

class reader {
public:
  exposition run(std::string_view text) {
    if (!text.ends_with('\n'))
      complain("the last line does not end");
    std::istringstream lines{std::string{text}};
    for (std::string line; std::getline(lines, line);)
      read_line(line);
    for (const auto& [name, content] : result_.families)
      check(name, content);
    return std::move(result_);
  }

private:
  void complain(const std::string& what) {
    result_.errors.push_back(what);
  }

  void read_line(const std::string& line) {
    static const std::regex help{R"(# HELP ([a-zA-Z_:][a-zA-Z0-9_:]*) (.+))"};
    static const std::regex type{
      R"(# TYPE ([a-zA-Z_:][a-zA-Z0-9_:]*) (counter|gauge|histogram))"};
    std::smatch match;
    if (std::regex_match(line, match, help)) {
      begin_family(match[1]);
      result_.families[current_].help = match[2];
    } else if (std::regex_match(line, match, type)) {
      if (match[1] != current_)
        complain("a TYPE away from its HELP: " + line);
      result_.families[current_].type = match[2];
    } else {
      read_sample(line);
    }
  }

  void begin_family(const std::string& name) {
    if (!seen_.insert(name).second)
      complain("two families named " + name);
    current_ = name;
  }

  // No timestamp is allowed behind the value.
  void read_sample(const std::string& line) {
    static const std::regex form{
      R"re(([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+))re"};
    static const std::regex label{
      R"re(([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"(?:,|$))re"};
    std::smatch match;
    if (!std::regex_match(line, match, form)) {
      complain("no sample: " + line);
      return;
    }
    sample read{match[1], {}, 0};
    auto value = number_of(match[3]);
    if (!value)
      complain("no number: " + line);
    read.value = value.value_or(0);
    auto labels = match[2].str();
    for (std::smatch one; std::regex_search(
           labels, one, label, std::regex_constants::match_continuous);
         labels = one.suffix())
      if (!read.labels.emplace(one[1], one[2]).second)
        complain("a label twice: " + line);
    if (!labels.empty())
      complain("no labels: " + line);
    if (!belongs(read.name))
      complain("a sample away from its family: " + line);
    result_.families[current_].samples.push_back(std::move(read));
  }

  bool belongs(const std::string& name) {
    const auto& type = result_.families[current_].type;
    if (type == "histogram")
      return name == current_ + "_bucket" || name == current_ + "_sum"
             || name == current_ + "_count";
    return name == current_;
  }

  // -- families --------------------------------------------------------------

  void check(const std::string& name, const family& content) {
    if (content.help.empty() || content.type.empty())
      complain(name + " has no HELP or no TYPE");
    if (content.samples.empty())
      complain(name + " has no samples");
    if (content.type == "counter" && !name.ends_with("_total"))
      complain("the counter " + name + " does not end with _total");
    if (content.type == "histogram")
      check_histogram(name, content);
    std::set<std::pair<std::string, std::map<std::string, std::string>>> seen;
    for (const auto& one : content.samples) {
      if (!seen.emplace(one.name, one.labels).second)
        complain(name + " has a sample twice");
      if (content.type == "counter" && one.value < 0)
        complain(name + " is negative");
    }
  }

  struct series {
    std::vector<std::pair<double, double>> buckets; // bound, count
    std::optional<double> sum;
    std::optional<double> count;
  };

  void check_histogram(const std::string& name, const family& content) {
    std::map<std::map<std::string, std::string>, series> all;
    for (const auto& one : content.samples) {
      auto labels = one.labels;
      auto bound = labels.extract("le");
      auto& where = all[labels];
      if (one.name == name + "_sum")
        where.sum = one.value;
      else if (one.name == name + "_count")
        where.count = one.value;
      else if (bound.empty() || !number_of(bound.mapped()))
        complain(name + " has a bucket without a bound");
      else
        where.buckets.emplace_back(*number_of(bound.mapped()), one.value);
    }
    for (const auto& [labels, one] : all)
      check_series(name, one);
  }

  void check_series(const std::string& name, const series& one) {
    if (!one.sum || !one.count || one.buckets.size() < 2) {
      complain(name + " lacks buckets, _sum or _count");
      return;
    }
    for (std::size_t i = 1; i < one.buckets.size(); ++i) {
      if (one.buckets[i].first <= one.buckets[i - 1].first)
        complain(name + " has bounds that do not rise");
      if (one.buckets[i].second < one.buckets[i - 1].second)
        complain(name + " has buckets that are not cumulative");
    }
    if (one.buckets.back().first != std::numeric_limits<double>::infinity())
      complain(name + " does not end with +Inf");
    if (one.buckets.back().second != *one.count)
      complain(name + " has a +Inf bucket that is not its count");
  }

  exposition result_;
  std::string current_;
  std::set<std::string> seen_;
};

} // namespace

double
exposition::value(const std::string& name,
                  const std::map<std::string, std::string>& labels) const {
  for (const auto& [family_name, content] : families) {
    for (const auto& one : content.samples) {
      if (one.name == name && one.labels == labels)
        return one.value;
    }
  }
  return std::numeric_limits<double>::quiet_NaN();
}

exposition read_exposition(std::string_view text) {
  return reader{}.run(text);
}

} // namespace parley::telemetry
