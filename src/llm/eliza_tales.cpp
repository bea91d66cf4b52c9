#include "llm/eliza_tales.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <span>
#include <vector>

#include "llm/eliza_words.hpp"

namespace parley::llm {

namespace {

using line = std::string_view;

// -- the parts of a story ----------------------------------------------------

constexpr auto heroes = std::to_array<line>({
  "Marla",
  "Tobin",
  "Ines",
  "Oskar",
  "Wanda",
  "Piet",
  "Salma",
  "Ruben",
});
constexpr auto callings = std::to_array<line>({
  "lighthouse keeper",
  "clockmaker",
  "map maker",
  "baker",
  "ferry pilot",
  "bell ringer",
  "librarian",
  "gardener",
});
constexpr auto places = std::to_array<line>({
  "a harbour town that smelled of tar and oranges",
  "a village at the end of a railway line",
  "a city of canals where every house leaned on its neighbour",
  "a valley that the maps had left white",
  "an island that the ferry reached only on Thursdays",
});
constexpr auto companions = std::to_array<line>({
  "an old dog named Comma",
  "a crow that could count to seven",
  "a boy who never lost a game of chess",
  "a donkey with firm opinions",
  "her grandmother's talking kettle",
  "a retired sea captain",
});
constexpr auto things = std::to_array<line>({
  "a brass key",
  "a letter without a sender",
  "a compass that pointed home",
  "half of a map",
  "a clock that ran backwards",
  "a blue glass bottle",
});
constexpr auto weathers = std::to_array<line>({
  "rain",
  "fog",
  "a warm wind from the south",
  "the first snow",
  "a thunderstorm",
  "bright, cold sunlight",
});

constexpr auto openings = std::to_array<line>({
  "Once, in {place}, there lived a {calling} named {hero}. Nothing ever seemed "
  "to happen there, and {hero} had long since stopped waiting for it, until "
  "one "
  "morning {thing} lay on the doorstep, wrapped in paper and still a little "
  "warm.",
  "There was a time when {hero} was the only {calling} in {place}. People said "
  "that {hero} could hear what others only guessed. On the evening when this "
  "story begins, somebody knocked three times and left {thing} behind.",
});

constexpr auto episodes = std::to_array<line>({
  "The road led uphill, through {weather}, and {hero} counted the milestones "
  "aloud so as not to think of turning back. At the ninth there sat "
  "{companion}. "
  "\"You are late,\" said the stranger, \"but not too late.\" It was the kind "
  "of "
  "thing one says to people who carry secrets, and they went on together.",
  "By noon they came to a bridge with a keeper who asked for a story instead "
  "of "
  "a coin. {hero} told him of home, of the small lamp in the kitchen and of "
  "the "
  "chair that nobody used any more. The keeper was silent for a while. Then he "
  "opened the gate, and would not look at them as they passed.",
  "That night they slept in a mill whose wheel had stopped years ago. {hero} "
  "dreamt of {thing}, and in the dream it spoke: \"What was begun must be "
  "finished by the one who began it.\" When the morning came there was "
  "{weather}, "
  "and the wheel was turning.",
  "In the market they met a woman who sold only things that others had lost. "
  "She had umbrellas, names, a left glove, several good intentions, and "
  "{thing}. "
  "\"That one is not for sale,\" she said, before anyone had asked. \"But you "
  "may "
  "have it if you can tell me what it is for.\" And {hero}, to everybody's "
  "surprise, could.",
  "They took the wrong path twice. The first time it led them to {place}, "
  "where "
  "nobody would believe that they had come on foot; the second time it led "
  "them "
  "in a circle, back to their own footprints. \"At least,\" said {hero}, \"now "
  "we "
  "know what it looks like when we are right behind ourselves.\"",
  "It was {companion} who noticed that the river ran the other way at night. "
  "So "
  "they built a raft from doors, and let themselves be carried upstream under "
  "the stars, past sleeping farms, past a fox that watched them as one watches "
  "a clock. Nobody spoke. There are silences that are like bread.",
  "High above the tree line stood a house with forty windows, and in each of "
  "them burned a candle. An old man opened. He had been writing down every "
  "word "
  "that was ever spoken in the valley, he said, so that none would be missing, "
  "and he was tired now. {hero} took up the pen and wrote until dawn.",
  "Then {weather} came over the pass, faster than anyone could run. They crept "
  "under a ledge and shared the last apple. \"If we had stayed at home,\" "
  "began "
  "{companion}, and did not end the sentence. {hero} ended it: \"then we would "
  "be wondering all our lives.\"",
  "The library had no roof, and the books had learned to close themselves when "
  "it rained. On the last shelf {hero} found a page with today's date and a "
  "drawing of {thing}. Under it somebody had written, in a hand very like "
  "{hero}'s own: look behind you.",
  "Behind the door was a room, and in the room was a table laid for two. The "
  "soup was hot. \"I did not know when you would come,\" said the voice from "
  "the "
  "window, \"so I have cooked it every day.\" {hero} sat down. It is not easy "
  "to "
  "eat when one's heart is so loud.",
  "They quarrelled, of course. It began with a shoelace and ended with "
  "everything. {hero} went ahead alone until the dusk came down, and there, "
  "where the path forked, sat {companion}, who had taken a short cut and saved "
  "half of the bread. Some apologies need no words.",
  "At the last station a train was waiting that was on no timetable. The guard "
  "looked at {thing} for a long time, punched a hole in it, and wished them a "
  "pleasant journey. Through the window they saw {weather}, then fields, then "
  "the sea, which none of them had known to be so near.",
});

constexpr auto endings = std::to_array<line>({
  "When {hero} came home at last, the lamp in the kitchen was still burning. "
  "{thing} stands on the window sill now, and people who pass in the evening "
  "say that it hums. The {calling} never speaks of the journey. But the door, "
  "which used to be locked at night, has stood ajar ever since.",
  "And so it was that {hero} understood what the whole way had been for. Not "
  "for {thing}, which was lost again by spring, but for the ones who had been "
  "met on the road. They still come together once a year, in {place}, and each "
  "of them tells the story differently. All of them are right.",
});

// -- telling -----------------------------------------------------------------

// splitmix64: small, and the same on every machine.
class dice {
public:
  explicit dice(std::uint64_t seed) : state_(seed) {
  }

  std::size_t below(std::size_t count) {
    state_ += 0x9e3779b97f4a7c15u;
    auto x = state_;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return static_cast<std::size_t>((x ^ (x >> 31)) % count);
  }

  line one_of(std::span<const line> from) {
    return from[below(from.size())];
  }

private:
  std::uint64_t state_;
};

// Who and what stays the same through a story.
struct cast_list {
  line hero;
  line calling;
  line companion;
  line thing;
};

std::string slot(line name, const cast_list& who, dice& roll) {
  if (name == "hero")
    return std::string{who.hero};
  if (name == "calling")
    return std::string{who.calling};
  if (name == "companion")
    return std::string{who.companion};
  if (name == "thing")
    return std::string{who.thing};
  return std::string{name == "place" ? roll.one_of(places)
                                     : roll.one_of(weathers)};
}

std::string fill(line text, const cast_list& who, dice& roll) {
  std::string result;
  for (auto open = text.find('{'); open != line::npos; open = text.find('{')) {
    const auto close = text.find('}', open);
    result += text.substr(0, open);
    auto filled = slot(text.substr(open + 1, close - open - 1), who, roll);
    // A sentence begins with a capital, whatever fills its first slot.
    if (result.empty() || result.ends_with(". ") || result.ends_with("? "))
      if (filled.front() >= 'a' && filled.front() <= 'z')
        filled.front() = static_cast<char>(filled.front() - 'a' + 'A');
    result += filled;
    text.remove_prefix(close + 1);
  }
  result += text;
  return result;
}

std::string tell_story(const story& what, std::uint64_t seed) {
  dice roll{seed};
  const cast_list who{roll.one_of(heroes), roll.one_of(callings),
                      roll.one_of(companions), roll.one_of(things)};
  std::string result;
  if (!what.topic.empty())
    result = "You want to hear about " + what.topic
             + ". I know one that begins somewhere else and gets there in its "
               "own way.\n\n";
  result += fill(roll.one_of(openings), who, roll);
  constexpr std::size_t chapters = 4;
  std::vector<line> order;
  for (std::size_t i = 0; i < (what.is_long ? chapters : 1); ++i) {
    std::vector<line> shuffled{episodes.begin(), episodes.end()};
    for (auto left = shuffled.size(); left > 1; --left)
      std::swap(shuffled[left - 1], shuffled[roll.below(left)]);
    if (!what.is_long)
      shuffled.resize(7);
    order.insert(order.end(), shuffled.begin(), shuffled.end());
  }
  for (const auto episode : order)
    result += "\n\n" + fill(episode, who, roll);
  return result + "\n\n" + fill(roll.one_of(endings), who, roll);
}

std::string count_up(const counting& what) {
  std::string result;
  const int step = what.from <= what.to ? 1 : -1;
  for (int i = what.from;; i += step) {
    result += std::to_string(i);
    if (i == what.to)
      break;
    // A line takes ten numbers, so that it can be read.
    const bool full = (std::abs(i - what.from) + 1) % 10 == 0;
    result += full ? ",\n" : ", ";
  }
  return result + ".";
}

// -- understanding -----------------------------------------------------------

// 1 … max_count; grouping commas as in 10,000 are read over.
std::optional<int> number_from(std::string_view text) {
  std::string digits;
  std::copy_if(text.begin(), text.end(), std::back_inserter(digits),
               [](char c) { return c != ','; });
  int value = 0;
  const auto* end = digits.data() + digits.size();
  const auto [rest, ec] = std::from_chars(digits.data(), end, value);
  if (ec == std::errc::result_out_of_range)
    return max_count;
  if (ec != std::errc{} || rest != end || value < 0)
    return std::nullopt;
  return std::min(value, max_count);
}

std::optional<counting> counting_in(const clause& words) {
  bool asked = false;
  counting result;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (words[i].key == "count")
      asked = true;
    if (!asked || i + 1 == words.size())
      continue;
    const auto number = number_from(words[i + 1].key);
    if (number && words[i].key == "from")
      result.from = *number;
    if (number && words[i].key == "to") {
      result.to = *number;
      return result;
    }
  }
  return std::nullopt;
}

std::optional<story> story_in(const clause& words) {
  constexpr auto verbs =
    std::to_array<line>({"tell", "write", "give", "want", "hear", "know"});
  story result;
  bool asked = false;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const auto& key = words[i].key;
    if (std::find(verbs.begin(), verbs.end(), key) != verbs.end())
      asked = true;
    result.is_long |= asked && key == "long";
    if (!asked || (key != "story" && key != "tale"))
      continue;
    if (i + 2 < words.size() && words[i + 1].key == "about")
      result.topic = reflect(std::span{words}.subspan(i + 2));
    return result;
  }
  return std::nullopt;
}

std::optional<repeating> repeating_in(std::string_view message) {
  for (const line start : {"repeat after me:", "repeat:", "say:"}) {
    if (!to_lower(message.substr(0, start.size())).starts_with(start))
      continue;
    const auto text = message.find_first_not_of(" \t\r\n", start.size());
    if (text != line::npos)
      return repeating{std::string{message.substr(text)}};
  }
  return std::nullopt;
}

} // namespace

std::optional<tale> tale_asked_for(std::string_view message) {
  if (auto found = repeating_in(message))
    return std::move(*found);
  for (const auto& words : clauses_of(message)) {
    if (auto found = counting_in(words))
      return *found;
    if (auto found = story_in(words))
      return std::move(*found);
  }
  return std::nullopt;
}

std::string tell(const tale& what, std::uint64_t seed) {
  if (const auto* numbers = std::get_if<counting>(&what))
    return count_up(*numbers);
  if (const auto* asked = std::get_if<story>(&what))
    return tell_story(*asked, seed);
  return std::get<repeating>(what).text;
}

} // namespace parley::llm
