// A gateway and sessions that play what a test tells them. They are companions
// on the test's own loop, so that everything happens on one thread, one message
// after the other.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <caf/actor_cast.hpp>
#include <caf/typed_response_promise.hpp>

#include "actors/errors.hpp"
#include "actors/interfaces.hpp"
#include "runtime/companion.hpp"

namespace parley::http::test {

class fake_session {
public:
  fake_session(caf::actor_system& system, boost::asio::io_context& loop);
  ~fake_session();

  fake_session(const fake_session&) = delete;
  fake_session& operator=(const fake_session&) = delete;

  [[nodiscard]] actors::session_actor handle() const {
    return handle_;
  }

  // To the newest reader; takes one of its credits.
  void send(std::vector<event> items, std::int64_t read_at = 0);

  // For an answer to `subscribe` that comes later; call in `on_subscribe`.
  [[nodiscard]] caf::typed_response_promise<actors::subscribed> promise() {
    return self_->make_response_promise<actors::subscribed>();
  }

  // The session ends without a word.
  void die();

  // -- what it is told to answer
  std::function<caf::result<actors::subscribed>(const actors::subscribe&)>
    on_subscribe;

  // -- what it heard
  std::vector<actors::subscribe> subscriptions;
  std::uint32_t credit = 0; // of the newest reader
  int unsubscriptions = 0;
  int readers_lost = 0; // readers that ended

private:
  runtime::companion_ptr self_;
  actors::session_actor handle_;
  actors::reader_actor reader_;
};

// Every message is answered by the function of its name; one that is not set
// answers with errc::internal.
class fake_gateway {
public:
  fake_gateway(caf::actor_system& system, boost::asio::io_context& loop);
  ~fake_gateway();

  fake_gateway(const fake_gateway&) = delete;
  fake_gateway& operator=(const fake_gateway&) = delete;

  [[nodiscard]] actors::gateway_actor handle() const {
    return handle_;
  }

  // For answers that come later.
  [[nodiscard]] runtime::companion& self() {
    return *self_;
  }

  template <class Answer, class Message>
  using player = std::function<caf::result<Answer>(const Message&)>;

  player<actors::stream_opened, actors::open_stream> open_stream;
  player<actors::session_actor, actors::find_stream> find_stream;
  player<stream_state, actors::get_stream_state> get_stream_state;
  player<stream_state, actors::cancel_stream> cancel_stream;
  player<actors::conversation_view, actors::create_conversation>
    create_conversation;
  player<actors::conversation_view, actors::get_conversation> get_conversation;
  player<actors::conversation_page, actors::list_conversations>
    list_conversations;
  player<actors::conversation_view, actors::change_conversation>
    change_conversation;
  player<void, actors::delete_conversation> delete_conversation;
  player<message, actors::get_message> get_message;
  player<actors::message_page, actors::list_messages> list_messages;
  player<exported_conversation, actors::export_conversation>
    export_conversation;
  player<actors::conversation_view, actors::import_conversation>
    import_conversation;
  player<actors::node_status, actors::get_node_status> get_node_status;

private:
  template <class Answer, class Message>
  auto play(player<Answer, Message> fake_gateway::*how);

  runtime::companion_ptr self_;
  actors::gateway_actor handle_;
};

} // namespace parley::http::test
