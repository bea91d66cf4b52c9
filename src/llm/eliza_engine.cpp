#include "llm/eliza_engine.hpp"

#include <algorithm>
#include <cassert>
#include <deque>
#include <optional>
#include <span>

#include "llm/eliza_tales.hpp"
#include "llm/eliza_words.hpp"

namespace parley::llm {

namespace {

using captures = std::vector<std::span<const word>>;

constexpr std::size_t max_name_words = 3;

// A statement is remembered at most this often over, and so many of them.
constexpr std::size_t max_memories = 32;

bool contains(const std::vector<std::string>& words, std::string_view key) {
  return std::find(words.begin(), words.end(), key) != words.end();
}

// What she knows and where she stands after some messages.
class conversation_state {
public:
  conversation_state(const eliza_script& script, std::uint64_t seed)
    : script_(script),
      turns_(script.decompositions, seed),
      fallback_turn_(seed) {
  }

  std::string answer(const std::string& message) {
    const auto clauses = clauses_of(message);
    std::optional<std::string> said;
    for (const auto* rule : rules_by_rank(clauses)) {
      for (const auto& one : clauses) {
        if ((said = answer_by(*rule, one)))
          return *said;
      }
    }
    return fall_back();
  }

private:
  // The rules that any of the clauses calls for, highest rank first.
  std::vector<const eliza_rule*>
  rules_by_rank(const std::vector<clause>& clauses) const {
    std::vector<const eliza_rule*> result;
    for (const auto& rule : script_.rules) {
      for (const auto& one : clauses) {
        if (triggers(rule, one)) {
          result.push_back(&rule);
          break;
        }
      }
    }
    std::stable_sort(
      result.begin(), result.end(),
      [](const auto* a, const auto* b) { return a->rank > b->rank; });
    return result;
  }

  static bool triggers(const eliza_rule& rule, const clause& words) {
    return std::any_of(words.begin(), words.end(), [&rule](const word& one) {
      return contains(rule.triggers, one.key);
    });
  }

  std::optional<std::string> answer_by(const eliza_rule& rule,
                                       const clause& words) {
    if (!triggers(rule, words))
      return std::nullopt;
    for (const auto& one : rule.decompositions) {
      captures caught;
      if (!matches(one.pattern, words, caught) || !learn_name(one, caught))
        continue;
      if (auto chosen = choose(one.say, turns_[one.id])) {
        if (!one.keep.empty() && memories_.size() < max_memories)
          memories_.push_back(
            fill(one.keep[memories_.size() % one.keep.size()], caught));
        return fill(*chosen, caught);
      }
    }
    return std::nullopt;
  }

  // Patterns hold at most a few wildcards and clauses at most max_clause_words
  // words, so trying all ways to split stays cheap.
  bool matches(std::span<const eliza_token> pattern,
               std::span<const word> words, captures& caught) const {
    using kind = eliza_token::kind_t;
    if (pattern.empty())
      return words.empty();
    const auto& head = pattern.front();
    if (head.kind == kind::literal || head.kind == kind::group) {
      if (words.empty() || !fits(head, words.front()))
        return false;
      if (head.kind == kind::group)
        caught.push_back(words.first(1));
      if (matches(pattern.subspan(1), words.subspan(1), caught))
        return true;
      if (head.kind == kind::group)
        caught.pop_back();
      return false;
    }
    for (std::size_t taken = head.kind == kind::some ? 1 : 0;
         taken <= words.size(); ++taken) {
      caught.push_back(words.first(taken));
      if (matches(pattern.subspan(1), words.subspan(taken), caught))
        return true;
      caught.pop_back();
    }
    return false;
  }

  bool fits(const eliza_token& token, const word& one) const {
    return token.kind == eliza_token::kind_t::literal
             ? token.text == one.key
             : contains(script_.groups[token.group].words, one.key);
  }

  // False when what was caught cannot be a name.
  bool learn_name(const eliza_decomposition& by, const captures& caught) {
    if (by.name_capture == 0)
      return true;
    if (by.name_capture > caught.size())
      return false;
    const auto words = caught[by.name_capture - 1];
    if (words.empty() || words.size() > max_name_words)
      return false;
    name_ = verbatim(words);
    if (name_.front() >= 'a' && name_.front() <= 'z')
      name_.front() = static_cast<char>(name_.front() - 'a' + 'A');
    return true;
  }

  // The next one in turn of those that can be said now.
  const std::string* choose(const std::vector<std::string>& from,
                            std::uint64_t& turn) const {
    auto names = [](const std::string& one) {
      return one.find("{name}") != std::string::npos;
    };
    const bool only_named =
      !name_.empty() && !from.empty() && names(from.front());
    std::vector<const std::string*> usable;
    for (const auto& one : from) {
      if (name_.empty() ? !names(one) : !only_named || names(one))
        usable.push_back(&one);
    }
    return usable.empty() ? nullptr : usable[turn++ % usable.size()];
  }

  std::string fall_back() {
    if (!memories_.empty()) {
      auto text = std::move(memories_.front());
      memories_.pop_front();
      return text;
    }
    const auto* chosen = choose(script_.fallback, fallback_turn_);
    return chosen ? fill(*chosen, {}) : "Please go on.";
  }

  std::string fill(std::string_view text, const captures& caught) const {
    std::string result;
    while (!text.empty()) {
      const auto open = std::min(text.find('{'), text.size());
      result += text.substr(0, open);
      text.remove_prefix(open);
      const auto close = text.find('}');
      if (close == std::string_view::npos) {
        result += text;
        break;
      }
      result += slot(text.substr(1, close - 1), caught);
      text.remove_prefix(close + 1);
    }
    return result;
  }

  // What stands between braces; text that is no slot stays as it is.
  std::string slot(std::string_view inside, const captures& caught) const {
    if (inside == "name")
      return name_;
    const auto digit = inside.empty() ? '0' : inside.front();
    const auto number = static_cast<std::size_t>(digit - '0');
    if (digit < '1' || digit > '9' || number > caught.size())
      return '{' + std::string{inside} + '}';
    const auto words = caught[number - 1];
    return inside.ends_with('!') ? verbatim(words) : reflect(words);
  }

  const eliza_script& script_;
  std::vector<std::uint64_t> turns_;
  std::uint64_t fallback_turn_;
  std::deque<std::string> memories_;
  std::string name_;
};

} // namespace

eliza_engine::eliza_engine() {
  auto parsed = parse_eliza_script(eliza_script_text());
  assert(parsed && "the built-in script is well-formed");
  if (parsed)
    script_ = std::move(*parsed);
}

eliza_engine::eliza_engine(eliza_script script) : script_(std::move(script)) {
}

std::string eliza_engine::answer(const prompt& to) const {
  const auto seed = static_cast<std::uint64_t>(to.sampling.seed.value_or(0));
  const std::string* last = nullptr;
  for (const auto& one : to.messages)
    if (one.role == role::user)
      last = &one.content;
  if (!last)
    return "Hello! What would you like to talk about?";
  conversation_state state{script_, seed};
  std::string said;
  std::uint64_t turn = seed;
  for (const auto& one : to.messages) {
    if (one.role != role::user)
      continue;
    ++turn;
    if (auto kind = tale_asked_for(one.content)) {
      if (&one.content == last)
        return tell(*kind, turn);
      continue;
    }
    said = state.answer(one.content);
  }
  return said;
}

} // namespace parley::llm
