// Random deltas, cuts, credit, joins, cancels, faults of upstream and store,
// under a random order of all actors' work; and what must hold whatever
// happens.
//
//   PARLEY_PROPERTY_RUNS=n   how many runs
//   PARLEY_PROPERTY_SEED=n   the first run's seed; run i has seed n + i, and is
//                            the same run whatever came before it
#include "tests/actors/support/world.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <deque>
#include <iostream>
#include <random>

#include "chat/limits.hpp"

#undef CAF_SUITE
#define CAF_SUITE property

using namespace parley;
using namespace parley::tests;

namespace {

constexpr std::uint64_t default_runs = 100'000;
// Worlds are made anew now and then: they remember every upstream's run.
constexpr std::uint64_t runs_per_world = 500;

using engine = std::mt19937_64;

std::size_t below(engine& random, std::size_t bound) {
  return static_cast<std::size_t>(random() % bound);
}

bool chance(engine& random, std::size_t one_in) {
  return below(random, one_in) == 0;
}

std::string random_text(engine& random) {
  static constexpr std::array<std::string_view, 6> letters{"a", " ", "ß",
                                                           "€", "😀", "\n"};
  std::string made;
  for (auto n = 1 + below(random, 6); n > 0; --n)
    made += letters[below(random, letters.size())];
  return made;
}

// Lets some actors work, in any order that messages allow.
void stir(world& node, engine& random, std::size_t steps) {
  auto& jobs = node.sched.jobs;
  for (; steps > 0 && !jobs.empty(); --steps) {
    std::swap(jobs.front(), jobs[below(random, jobs.size())]);
    node.sched.try_run_once();
  }
}

// -- a client -----------------------------------------------------------------

// Somebody who reads a stream over connections that are cut, and comes back
// with the last number that was seen.
class client {
public:
  client(world& node, stream_id stream, seq_t after)
    : node_(&node), stream_(std::move(stream)), from_(after), last_(after) {
  }

  // Goes one step towards reading, and takes what has come.
  void poll(std::uint32_t credit) {
    if (ended_)
      return;
    if (reader_) {
      if (!joining_->pending())
        joined();
      take();
    } else if (!finding_) {
      finding_ = node_->send_request<session_actor>(node_->gateway(),
                                                    find_stream{stream_, 0});
    } else if (finding_->code() != errc::none) {
      finding_.reset(); // tries again
    } else if (!finding_->pending()) {
      join(credit);
    }
  }

  void grant() {
    if (reader_)
      reader_->grant(session_);
  }

  // The connection is gone; what is on its way is lost.
  void cut(bool politely) {
    if (!reader_)
      return;
    take();
    if (politely)
      reader_->unsubscribe(session_);
    reader_->die();
    drop();
  }

  [[nodiscard]] bool ended() const noexcept {
    return ended_;
  }
  [[nodiscard]] seq_t from() const noexcept {
    return from_;
  }
  [[nodiscard]] seq_t last() const noexcept {
    return last_;
  }
  [[nodiscard]] const std::vector<event>& frames() const noexcept {
    return frames_;
  }
  [[nodiscard]] const std::string& broken() const noexcept {
    return broken_;
  }

private:
  void join(std::uint32_t credit) {
    session_ = finding_->value();
    finding_.reset();
    reader_.emplace(node_->sys);
    reader_->count_credit(credit);
    joining_ = node_->send_request<subscribed>(
      session_, subscribe{last_, credit}, reader_->handle());
  }

  void joined() {
    if (joining_->code() == errc::invalid_cursor)
      broken_ = "a cursor that was seen is refused";
    if (joining_->code() != errc::none)
      return drop(); // the session has ended: it is looked for again
    if (joining_->value().end_seen && !ended_)
      broken_ = "told that the end was seen, which it was not";
  }

  void take() {
    if (!reader_)
      return;
    if (auto why = reader_->broken_promise(last_); !why.empty())
      broken_ = why;
    if (!reader_->frames().empty()) {
      last_ = reader_->last_seq();
      ended_ = is_terminal(reader_->frames().back());
      frames_.insert(frames_.end(), reader_->frames().begin(),
                     reader_->frames().end());
    }
    reader_->forget();
  }

  void drop() {
    reader_.reset();
    joining_.reset();
    session_ = nullptr;
  }

  world* node_;
  stream_id stream_;
  seq_t from_;
  seq_t last_;
  bool ended_ = false;
  std::vector<event> frames_;
  std::string broken_;
  std::optional<answer<session_actor>> finding_;
  session_actor session_;
  std::optional<fake_reader> reader_;
  std::optional<answer<subscribed>> joining_;
};

// -- what is compared ---------------------------------------------------------

// Frames with neighbouring text joined: equal for readers of the same log from
// the same place, however it was cut.
std::vector<event> joined(const std::vector<event>& frames) {
  std::vector<event> made;
  for (const auto& frame : frames) {
    auto* some = std::get_if<text_event>(&frame);
    auto* before =
      made.empty() ? nullptr : std::get_if<text_event>(&made.back());
    if (some != nullptr && before != nullptr && some->kind == before->kind) {
      before->chunk += some->chunk;
      before->seq = some->seq;
    } else {
      made.push_back(frame);
    }
  }
  return made;
}

std::string content_of(const std::vector<event>& frames) {
  std::string made;
  for (const auto& frame : frames)
    if (auto* some = std::get_if<text_event>(&frame);
        some != nullptr && some->kind == text_kind::content)
      made += some->chunk;
  return made;
}

// What the stored stream is, from this place on.
std::vector<event> stored_frames(const storage::stored_stream& stored,
                                 seq_t after) {
  auto log =
    stream_log::from_layout(start_of(stored.record), stored.record.layout,
                            *stored.answer, terminal_of(stored.record));
  std::vector<event> made;
  if (!log)
    return made;
  auto place = log->at(after);
  while (place && log->read(*place, limits::max_batch_bytes, made)) {
  }
  return made;
}

// -- a run --------------------------------------------------------------------

class run {
public:
  run(world& node, std::uint64_t seed)
    : node_(node), random_(seed), starts_before_(node.starts()) {
  }

  // The first broken invariant, or empty.
  std::string go() {
    breaks_store_ = chance(random_, 8);
    auto request = random_request();
    auto opening = node_.send_request<stream_opened>(node_.gateway(),
                                                     open_stream{request, 0});
    if (breaks_store_ && chance(random_, 3))
      node_.store.full = true;
    for (auto i = 0; i < 40 && opening.pending(); ++i) {
      stir(node_, random_, below(random_, 6));
      if (chance(random_, 4))
        drive_upstream();
    }
    node_.settle();
    if (opening.pending())
      return "the open is not answered";
    if (opening.code() != errc::none)
      return refused(opening.code());
    opened_ = opening.value();
    if (!request.idempotency_key.empty())
      if (auto why = replayed(request); !why.empty())
        return why;
    for (auto n = 5 + below(random_, 30); n > 0; --n) {
      act();
      stir(node_, random_, below(random_, 12));
      poll();
    }
    return finale();
  }

private:
  chat_request random_request() {
    auto made = world::ask("Hello");
    made.max_response_chars =
      chance(random_, 2) ? 4000 : 1 + below(random_, 20);
    made.on_disconnect.kind =
      static_cast<disconnect_policy::kind_t>(below(random_, 3));
    made.on_disconnect.grace = std::chrono::milliseconds{below(random_, 60)};
    made.on_disconnect.first_reader_grace =
      std::chrono::milliseconds{20 + below(random_, 100)};
    if (chance(random_, 3))
      made.idempotency_key = "key" + std::to_string(random_());
    return made;
  }

  std::string refused(errc code) {
    node_.store.full = false;
    if (code != errc::storage_failed)
      return "refused with " + std::string{to_string(code)};
    if (upstream() != nullptr && !upstream()->destroyed())
      return "refused, and its upstream goes on";
    if (!node_.store.open_streams()->empty())
      return "refused, and a stream is left";
    return {};
  }

  std::string replayed(const chat_request& request) {
    auto full = std::exchange(node_.store.full, false);
    auto again = node_.try_open(request);
    node_.store.full = full;
    if (again.code() != errc::none || !again.value().replayed
        || again.value().start.stream != opened_.start.stream)
      return "an equal request is another stream";
    return {};
  }

  llm::scripted_run* upstream() {
    return node_.starts() > starts_before_ ? &node_.upstream() : nullptr;
  }

  void drive_upstream() {
    auto* last = upstream();
    if (last == nullptr)
      return;
    llm::deltas some;
    for (auto n = 1 + below(random_, 3); n > 0; --n)
      some.items.emplace_back(llm::text_delta{
        chance(random_, 4) ? text_kind::reasoning : text_kind::content,
        random_text(random_)});
    if (chance(random_, 10))
      some.items.emplace_back(tool_call{0, "c", "f", "{}"});
    switch (below(random_, 16)) {
    case 0:
      return last->connect();
    case 1:
      return last->finish();
    case 2:
      return last->fail(errc::upstream_failed, 500);
    case 3:
      return last->fail(errc::upstream_rejected, 400);
    default:
      return last->emit(std::move(some));
    }
  }

  void act() {
    switch (below(random_, 12)) {
    case 0:
      return add_client();
    case 1:
      if (!clients_.empty())
        any_client().cut(chance(random_, 2));
      return;
    case 2:
    case 3:
      if (!clients_.empty())
        any_client().grant();
      return;
    case 4:
      return node_.advance(std::chrono::milliseconds{below(random_, 50)});
    case 5:
      if (chance(random_, 6))
        cancels_.push_back(node_.send_request<stream_state>(
          node_.gateway(), cancel_stream{opened_.start.stream}));
      return;
    case 6:
      if (breaks_store_)
        node_.store.full = chance(random_, 2);
      return;
    default:
      return drive_upstream();
    }
  }

  void add_client() {
    seq_t seen = 0;
    for (const auto& one : clients_)
      if (!one.ended())
        seen = std::max(seen, one.last());
    auto after = chance(random_, 2) ? 0 : below(random_, seen + 1);
    clients_.emplace_back(node_, opened_.start.stream, after);
  }

  client& any_client() {
    return clients_[below(random_, clients_.size())];
  }

  void poll() {
    for (auto& one : clients_)
      one.poll(static_cast<std::uint32_t>(below(random_, 3)));
  }

  // Everything gets well and comes to its end.
  std::string finale() {
    node_.store.full = false;
    clients_.emplace_back(node_, opened_.start.stream, 0);
    auto all_ended = [this] {
      return std::all_of(clients_.begin(), clients_.end(),
                         [](const client& one) { return one.ended(); });
    };
    for (auto i = 0; i < 300 && !all_ended(); ++i) {
      if (auto* last = upstream(); last != nullptr && i > 20)
        last->finish();
      for (auto& one : clients_) {
        one.grant();
        one.poll(1);
      }
      node_.settle();
      node_.advance(i < 20 ? 1ms : 200ms);
      for (auto& one : clients_)
        if (!one.broken().empty())
          return one.broken();
    }
    if (!all_ended())
      return "a reader never gets the end";
    node_.advance(2s); // an end that could not be written is tried again
    auto why = check();
    clients_.clear();
    node_.ask_node<caf::unit_t>(
      delete_conversation{opened_.start.conversation});
    node_.advance(11s); // longer than a replayed session waits
    if (why.empty() && node_.streams_in_flight() != 0)
      return "streams are counted as in flight";
    if (why.empty() && node_.streams_alive() != 0)
      return "a session is left";
    return why;
  }

  std::string check() {
    auto stored = node_.store.load_stream(opened_.start.stream);
    if (!stored || !stored->answer)
      return "the stream's end is not in the store";
    if (stored->answer->status == message_status::generating)
      return "the message is left generating";
    if (!node_.conversation_of(opened_).active_stream.empty())
      return "the conversation is left busy";
    for (const auto& one : cancels_)
      if (one.pending() || one.code() != errc::none)
        return "a cancel is not answered";
    if (auto* last = upstream(); last != nullptr && !last->destroyed())
      return "the upstream is not closed";
    for (const auto& one : clients_) {
      if (one.from() == 0
          && content_of(one.frames()) != stored->answer->content)
        return "a reader's text is not the stored message";
      if (joined(one.frames()) != joined(stored_frames(*stored, one.from())))
        return "a reader's frames are not the stored stream's";
    }
    return {};
  }

  world& node_;
  engine random_;
  std::size_t starts_before_;
  bool breaks_store_ = false;
  stream_opened opened_;
  std::deque<client> clients_;
  std::vector<answer<stream_state>> cancels_;
};

std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

} // namespace

CAF_TEST(whatever happens readers see what is stored) {
  auto runs = from_environment("PARLEY_PROPERTY_RUNS", default_runs);
  auto first = from_environment("PARLEY_PROPERTY_SEED", std::random_device{}());
  std::cout << "property: " << runs << " runs, first seed " << first
            << std::endl;
  std::unique_ptr<world> nodes[2]; // by durability
  for (std::uint64_t i = 0; i < runs; ++i) {
    if (i % runs_per_world == 0)
      for (auto strict : {0, 1}) {
        nodes[strict] = std::make_unique<world>();
        if (strict == 1)
          nodes[strict]->settings.storage.durability =
            config::durability::strict;
      }
    auto seed = first + i;
    auto& node = *nodes[seed & 1];
    node.store.forget();
    auto broken = run{node, seed}.go();
    if (!broken.empty())
      CAF_FAIL("PARLEY_PROPERTY_SEED=" << std::to_string(seed) << ": "
                                       << broken);
  }
}
