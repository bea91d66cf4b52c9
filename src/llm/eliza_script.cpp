#include "llm/eliza_script.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

namespace parley::llm {

namespace {

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r");
  if (first == std::string_view::npos)
    return {};
  return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> result;
  for (text = trimmed(text); !text.empty(); text = trimmed(text)) {
    const auto end = std::min(text.find(' '), text.size());
    result.emplace_back(text.substr(0, end));
    text.remove_prefix(end);
  }
  return result;
}

std::string with_line_ends(std::string_view text) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text.substr(i, 2) == "\\n") {
      result += '\n';
      ++i;
    } else {
      result += text[i];
    }
  }
  return result;
}

class script_parser {
public:
  result<eliza_script> parse(std::string_view text) {
    int number = 0;
    while (!text.empty()) {
      const auto end = std::min(text.find('\n'), text.size());
      const auto line = trimmed(text.substr(0, end));
      text.remove_prefix(std::min(end + 1, text.size()));
      ++number;
      if (line.empty() || line.front() == '#')
        continue;
      if (!take(line))
        return fail(errc::internal, "Eliza's script, line "
                                      + std::to_string(number)
                                      + ", makes no sense.");
    }
    return std::move(script_);
  }

private:
  bool take(std::string_view line) {
    const auto blank = std::min(line.find(' '), line.size());
    const auto verb = line.substr(0, blank);
    const auto rest = trimmed(line.substr(blank));
    if (verb == "group")
      return take_group(rest);
    if (verb == "rule")
      return take_rule(rest);
    if (verb == "match")
      return take_match(rest);
    if (verb == "say" || verb == "keep")
      return take_template(verb == "keep", rest);
    if (verb == "name")
      return take_name(rest);
    if (verb == "fallback" && rest.empty()) {
      in_fallback_ = true;
      return true;
    }
    return false;
  }

  bool take_group(std::string_view rest) {
    const auto equals = rest.find('=');
    if (equals == std::string_view::npos)
      return false;
    auto words = words_of(rest.substr(equals + 1));
    if (words.empty())
      return false;
    script_.groups.push_back(
      {std::string{trimmed(rest.substr(0, equals))}, std::move(words)});
    return true;
  }

  bool take_rule(std::string_view rest) {
    const auto colon = rest.find(':');
    if (colon == std::string_view::npos)
      return false;
    eliza_rule rule;
    const auto [end, ec] =
      std::from_chars(rest.data(), rest.data() + colon, rule.rank);
    if (ec != std::errc{})
      return false;
    for (auto& trigger : words_of(rest.substr(colon + 1))) {
      if (trigger.front() != '@') {
        rule.triggers.push_back(std::move(trigger));
        continue;
      }
      const auto group = group_named(std::string_view{trigger}.substr(1));
      if (!group)
        return false;
      const auto& words = script_.groups[*group].words;
      rule.triggers.insert(rule.triggers.end(), words.begin(), words.end());
    }
    if (rule.triggers.empty())
      return false;
    script_.rules.push_back(std::move(rule));
    in_fallback_ = false;
    return true;
  }

  bool take_match(std::string_view rest) {
    if (script_.rules.empty() || in_fallback_)
      return false;
    eliza_decomposition made;
    made.id = script_.decompositions++;
    for (auto& text : words_of(rest)) {
      auto token = token_of(std::move(text));
      if (!token)
        return false;
      made.pattern.push_back(std::move(*token));
    }
    if (made.pattern.empty())
      return false;
    script_.rules.back().decompositions.push_back(std::move(made));
    return true;
  }

  bool take_template(bool keep, std::string_view rest) {
    if (rest.empty())
      return false;
    if (in_fallback_) {
      script_.fallback.push_back(with_line_ends(rest));
      return !keep;
    }
    if (script_.rules.empty() || script_.rules.back().decompositions.empty())
      return false;
    auto& last = script_.rules.back().decompositions.back();
    (keep ? last.keep : last.say).push_back(with_line_ends(rest));
    return true;
  }

  bool take_name(std::string_view rest) {
    if (script_.rules.empty() || script_.rules.back().decompositions.empty())
      return false;
    auto& last = script_.rules.back().decompositions.back();
    const auto [end, ec] = std::from_chars(
      rest.data(), rest.data() + rest.size(), last.name_capture);
    return ec == std::errc{} && last.name_capture > 0;
  }

  std::optional<eliza_token> token_of(std::string text) const {
    if (text == "*")
      return eliza_token{eliza_token::kind_t::any, {}, 0};
    if (text == "+")
      return eliza_token{eliza_token::kind_t::some, {}, 0};
    if (text.front() != '@')
      return eliza_token{eliza_token::kind_t::literal, std::move(text), 0};
    const auto group = group_named(std::string_view{text}.substr(1));
    if (!group)
      return std::nullopt;
    return eliza_token{eliza_token::kind_t::group, {}, *group};
  }

  std::optional<std::size_t> group_named(std::string_view name) const {
    for (std::size_t i = 0; i < script_.groups.size(); ++i)
      if (script_.groups[i].name == name)
        return i;
    return std::nullopt;
  }

  eliza_script script_;
  bool in_fallback_ = false;
};

} // namespace

result<eliza_script> parse_eliza_script(std::string_view text) {
  return script_parser{}.parse(text);
}

} // namespace parley::llm
