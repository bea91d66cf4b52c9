#include "tests/actors/support/world.hpp"

#include <stdexcept>

#include <caf/actor_registry.hpp>

namespace parley::tests {

// -- the provider -------------------------------------------------------------

std::unique_ptr<llm::generation>
test_provider::start(llm::prompt what, boost::asio::io_context& loop,
                     llm::report_function on_report) {
  if (throws)
    throw std::runtime_error{"the test's provider throws"};
  return scripted.start(std::move(what), loop, std::move(on_report));
}

void test_provider::list_models(boost::asio::io_context& loop,
                                models_function on_models) {
  if (!names_nothing)
    scripted.list_models(loop, std::move(on_models));
}

// -- spawning -----------------------------------------------------------------

world::world()
  : metrics_(sys), env_{settings, provider, loops_, log_, &metrics_,
                        {},       {},       {},     {},   {}} {
  settings.llm.model = "scripted";
}

void world::start() {
  if (gateway_)
    return;
  env_.upstream_model = upstream_model;
  env_.random = random;
  env_.persistence =
    spawn_persistence(sys, {store, ids_, settings, log_, &metrics_}, false);
  env_.journals.push_back(
    spawn_journal(sys, env_.persistence,
                  {settings.streams.flush_interval,
                   settings.storage.durability == config::durability::strict}));
  env_.readers.push_back(
    sys.spawn(store_reader, static_cast<const storage::store*>(&store)));
  registry_ = spawn_registry(sys, env_, ids_);
  gateway_ = spawn_gateway(sys, {registry_, env_.persistence, env_.readers});
  settle();
  always_alive_ = sys.registry().running();
}

const gateway_actor& world::gateway() {
  start();
  return gateway_;
}

const registry_actor& world::registry() {
  start();
  return registry_;
}

const session_environment& world::environment() {
  start();
  return env_;
}

world::~world() {
  end_all();
}

// In the supervisor's order.
void world::end_all() {
  store.during_write = nullptr;
  auto end = [this](auto& who) {
    caf::anon_send_exit(who, caf::exit_reason::user_shutdown);
    sched.run();
    who = nullptr;
  };
  end_readers();
  if (gateway_) {
    end(gateway_);
    end(registry_);
    end(env_.journals.front());
    end(env_.persistence);
    end(env_.readers.front());
  }
  env_.journals.clear();
  env_.readers.clear();
}

// -- asking -------------------------------------------------------------------

chat_request world::ask(std::string text) {
  chat_request made;
  made.message = std::move(text);
  made.on_disconnect.kind = disconnect_policy::kind_t::keep;
  return made;
}

chat_request world::ask_again(const stream_opened& before, std::string text) {
  auto made = ask(std::move(text));
  made.conversation = before.start.conversation;
  return made;
}

answer<stream_opened> world::try_open(chat_request what) {
  return ask_node<stream_opened>(open_stream{std::move(what), 0});
}

stream_opened world::open(chat_request what) {
  return try_open(std::move(what)).value();
}

// -- reading ------------------------------------------------------------------

session_actor world::find(const stream_id& id) {
  return ask_node<session_actor>(find_stream{id, 0}).value();
}

fake_reader world::replay(const stream_id& id) {
  return read(find(id));
}

// -- looking ------------------------------------------------------------------

message world::answer_of(const stream_opened& stream) {
  auto found =
    store.get_message(stream.start.conversation, stream.start.message);
  if (!found)
    CAF_FAIL("the answer is not in the store: " + found.error().detail);
  return *found;
}

stream_state world::state_of(const stream_opened& stream) {
  return ask_node<stream_state>(get_stream_state{stream.start.stream}).value();
}

conversation world::conversation_of(const stream_opened& stream) {
  auto found = store.get_conversation(stream.start.conversation);
  if (!found)
    CAF_FAIL("the conversation is not in the store");
  return *found;
}

std::size_t world::streams_alive() {
  end_readers();
  return sys.registry().running() - always_alive_;
}

std::int64_t world::streams_in_flight() {
  return metrics_.streams_in_flight->value();
}

} // namespace parley::tests
