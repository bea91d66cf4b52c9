#include "tests/actors/support/fake_reader.hpp"

#include <caf/send.hpp>
#include <caf/typed_event_based_actor.hpp>

#include "chat/utf8.hpp"
#include "runtime/caf_compat.hpp"

namespace parley::tests {

using namespace actors;

class fake_reader::actor_impl : public reader_actor::base {
public:
  actor_impl(caf::actor_config& config, std::shared_ptr<state> got)
    : reader_actor::base(config), got_(std::move(got)) {
  }

  behavior_type make_behavior() override {
    return {[this](const events& what) {
      ++got_->batches;
      for (const auto& item : what.items)
        if (auto* stage = std::get_if<progress_event>(&item))
          got_->progress.push_back(*stage);
        else
          got_->frames.push_back(item);
      if (!got_->keeps_up)
        return;
      ++got_->granted;
      send(caf::actor_cast<session_actor>(current_sender()), actors::grant{1});
    }};
  }

private:
  std::shared_ptr<state> got_;
};

fake_reader::fake_reader(caf::actor_system& system, pace how)
  : handle_(system.spawn<actor_impl>(got_)) {
  got_->keeps_up = how == pace::keeps_up;
}

// -- doing --------------------------------------------------------------------

void fake_reader::send(const session_actor& session, const caf::message& what) {
  runtime::send_in_name_of(caf::actor_cast<caf::strong_actor_ptr>(handle_),
                           session, what, nullptr);
}

void fake_reader::grant(const session_actor& session, std::uint32_t credit) {
  got_->granted += credit;
  send(session, caf::make_message(actors::grant{credit}));
}

void fake_reader::unsubscribe(const session_actor& session) {
  send(session, caf::make_message(actors::unsubscribe{}));
}

void fake_reader::die() {
  caf::anon_send_exit(handle_, caf::exit_reason::kill);
}

void fake_reader::forget() {
  got_->frames.clear();
  got_->progress.clear();
}

// -- what it got --------------------------------------------------------------

std::string fake_reader::text(text_kind kind) const {
  std::string joined;
  for (const auto& frame : got_->frames)
    if (auto* some = std::get_if<text_event>(&frame);
        some != nullptr && some->kind == kind)
      joined += some->chunk;
    else if (std::holds_alternative<reset_event>(frame))
      joined.clear();
  return joined;
}

seq_t fake_reader::last_seq() const {
  return got_->frames.empty() ? 0 : seq_of(got_->frames.back());
}

std::size_t fake_reader::terminals() const {
  std::size_t sum = 0;
  for (const auto& frame : got_->frames)
    sum += is_terminal(frame) ? 1 : 0;
  return sum;
}

const done_event* fake_reader::done() const {
  return got_->frames.empty() ? nullptr
                              : std::get_if<done_event>(&got_->frames.back());
}

const error_event* fake_reader::failure() const {
  return got_->frames.empty() ? nullptr
                              : std::get_if<error_event>(&got_->frames.back());
}

std::string fake_reader::broken_promise(seq_t after) const {
  if (overrun())
    return "more messages than credit";
  if (after == 0 && !got_->frames.empty()
      && !std::holds_alternative<start_event>(got_->frames.front()))
    return "start is not first";
  auto ended = false;
  for (const auto& frame : got_->frames) {
    if (ended)
      return "a frame behind the end";
    if (seq_of(frame) <= after)
      return "the numbers do not rise";
    after = seq_of(frame);
    ended = is_terminal(frame);
    if (auto* some = std::get_if<text_event>(&frame)) {
      if (some->chunk.empty())
        return "an empty chunk";
      if (!utf8::is_valid(some->chunk))
        return "half a character";
    }
  }
  return {};
}

} // namespace parley::tests
