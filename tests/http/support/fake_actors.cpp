#include "tests/http/support/fake_actors.hpp"

#include <gtest/gtest.h>

namespace parley::http::test {

// -- sessions -----------------------------------------------------------------

fake_session::fake_session(caf::actor_system& system,
                           boost::asio::io_context& loop)
  : self_(runtime::make_companion(system, loop)),
    handle_(caf::actor_cast<actors::session_actor>(self_.get())) {
  on_subscribe = [](const actors::subscribe&) {
    return caf::result<actors::subscribed>{actors::subscribed{}};
  };
  self_->become(
    [this](const actors::subscribe& what, const actors::reader_actor& reader)
      -> caf::result<actors::subscribed> {
      subscriptions.push_back(what);
      reader_ = reader;
      credit = what.credit;
      self_->monitor(reader);
      return on_subscribe(what);
    },
    [this](const actors::grant& what) { credit += what.credit; },
    [this](actors::unsubscribe) { ++unsubscriptions; });
  self_->set_down_handler([this](const caf::down_msg&) { ++readers_lost; });
}

fake_session::~fake_session() {
  self_->end();
}

void fake_session::send(std::vector<event> items, std::int64_t read_at) {
  ASSERT_GT(credit, 0u) << "the reader has not granted that much";
  --credit;
  self_->send(reader_, actors::events{std::move(items), read_at});
}

void fake_session::die() {
  self_->end();
}

// -- the gateway --------------------------------------------------------------

template <class Answer, class Message>
auto fake_gateway::play(player<Answer, Message> fake_gateway::*how) {
  return [this, how](const Message& what) -> caf::result<Answer> {
    if (const auto& play_it = this->*how)
      return play_it(what);
    return actors::to_caf({errc::internal, "not scripted", {}, {}, {}});
  };
}

fake_gateway::fake_gateway(caf::actor_system& system,
                           boost::asio::io_context& loop)
  : self_(runtime::make_companion(system, loop)),
    handle_(caf::actor_cast<actors::gateway_actor>(self_.get())) {
  self_->become(
    play(&fake_gateway::open_stream), play(&fake_gateway::find_stream),
    play(&fake_gateway::get_stream_state), play(&fake_gateway::cancel_stream),
    play(&fake_gateway::create_conversation),
    play(&fake_gateway::get_conversation),
    play(&fake_gateway::list_conversations),
    play(&fake_gateway::change_conversation),
    play(&fake_gateway::delete_conversation), play(&fake_gateway::get_message),
    play(&fake_gateway::list_messages),
    play(&fake_gateway::export_conversation),
    play(&fake_gateway::import_conversation),
    play(&fake_gateway::get_node_status));
}

fake_gateway::~fake_gateway() {
  self_->end();
}

} // namespace parley::http::test
