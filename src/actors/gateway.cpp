#include "actors/gateway.hpp"

#include <utility>

#include <caf/typed_event_based_actor.hpp>

#include "actors/errors.hpp"
#include "actors/store_reader.hpp"

namespace parley::actors {

namespace {

class gateway : public gateway_actor::base {
public:
  gateway(caf::actor_config& config, gateway_environment environment)
    : gateway_actor::base(config),
      env_(std::move(environment)),
      readers_(env_.readers) {
  }

  behavior_type make_behavior() override {
    return {
      [this](open_stream& what) {
        return delegate(env_.registry, std::move(what));
      },
      [this](const find_stream& what) { return delegate(env_.registry, what); },
      [this](const get_stream_state& what) {
        return delegate(env_.registry, what);
      },
      [this](const cancel_stream& what) {
        return delegate(env_.registry, what);
      },
      [this](create_conversation& what) {
        return view_of(env_.persistence, std::move(what));
      },
      [this](const get_conversation& what) {
        return view_of(readers_.next(), what);
      },
      [this](const list_conversations& what) {
        return delegate(readers_.next(), what);
      },
      [this](change_conversation& what) {
        return view_of(env_.persistence, std::move(what));
      },
      [this](const delete_conversation& what) { return on_delete(what); },
      [this](const get_message& what) {
        return delegate(readers_.next(), what);
      },
      [this](const list_messages& what) {
        return delegate(readers_.next(), what);
      },
      [this](const export_conversation& what) {
        return delegate(readers_.next(), what);
      },
      [this](import_conversation& what) {
        return view_of(env_.persistence, std::move(what));
      },
      [this](get_node_status what) { return delegate(env_.registry, what); },
    };
  }

private:
  using view_promise = caf::typed_response_promise<conversation_view>;

  // Asks for a conversation and adds where its running stream stands.
  template <class Handle, class Message>
  caf::result<conversation_view> view_of(const Handle& from, Message what) {
    auto promise = make_response_promise<conversation_view>();
    request(from, caf::infinite, std::move(what))
      .then(
        [this, promise](conversation& conv) mutable {
          add_active(std::move(conv), promise);
        },
        [promise](caf::error& why) mutable {
          promise.deliver(std::move(why));
        });
    return promise;
  }

  void add_active(conversation conv, view_promise promise) {
    if (conv.active_stream.empty()) {
      promise.deliver(conversation_view{std::move(conv), std::nullopt});
      return;
    }
    auto stream = conv.active_stream;
    request(env_.registry, caf::infinite, get_stream_state{stream})
      .then(
        [conv, promise](stream_state& state) mutable {
          conversation_view view{std::move(conv), std::nullopt};
          if (!is_terminal(state.status))
            view.active = std::move(state);
          promise.deliver(std::move(view));
        },
        [conv, promise](const caf::error&) mutable {
          promise.deliver(conversation_view{std::move(conv), std::nullopt});
        });
  }

  // Closed before, so that readers get the end; and behind it, because another
  // answer may have begun meanwhile.
  caf::result<void> on_delete(const delete_conversation& what) {
    auto promise = make_response_promise<void>();
    auto refuse = [promise](caf::error& why) mutable {
      promise.deliver(std::move(why));
    };
    auto close_again = [this, what, promise, refuse] {
      request(env_.registry, caf::infinite, close_conversation{what.id})
        .then([promise]() mutable { promise.deliver(); }, refuse);
    };
    request(env_.registry, caf::infinite, close_conversation{what.id})
      .then(
        [this, what, close_again, refuse] {
          request(env_.persistence, caf::infinite, what)
            .then(close_again, refuse);
        },
        refuse);
    return promise;
  }

  gateway_environment env_;
  reader_turns readers_;
};

} // namespace

gateway_actor spawn_gateway(caf::actor_system& system,
                            gateway_environment environment) {
  return system.spawn<gateway>(std::move(environment));
}

} // namespace parley::actors
