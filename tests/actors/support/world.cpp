#include "tests/actors/support/world.hpp"

#include <stdexcept>

#include "chat/limits.hpp"

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
  : metrics_(sys),
    env_{settings, provider, loops_, log_, &metrics_, {}, {}, {}, {}, {}},
    actors_before_(sys.registry().running()) {
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
  client_handle_ = sys.spawn([this](caf::event_based_actor* client) {
    client_ = client;
    return caf::behavior{[](caf::unit_t) {
    }};
  });
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
  for (auto& reader : readers_)
    end(reader);
  readers_.clear();
  if (gateway_) {
    end(gateway_);
    end(registry_);
    end(env_.journals.front());
    end(env_.persistence);
    end(env_.readers.front());
    end(client_handle_);
  }
  env_.journals.clear();
  env_.readers.clear();
  if (sys.registry().running() != actors_before_)
    CAF_ERROR(
      "actors are left: " << (sys.registry().running() - actors_before_));
}

// -- running ------------------------------------------------------------------

void world::settle() {
  sched.run();
}

void world::advance(std::chrono::nanoseconds by) {
  settle();
  auto& clock = sched.clock();
  auto until = clock.now() + by;
  for (;;) {
    std::erase_if(clock.schedule,
                  [](const auto& item) { return item.second.f.disposed(); });
    if (clock.schedule.empty() || clock.schedule.begin()->first > until)
      break;
    auto due = std::max(clock.schedule.begin()->first, clock.now());
    clock.advance_time(due - clock.now());
    settle();
  }
  clock.advance_time(until - clock.now());
  settle();
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

answer<subscribed> world::try_read(fake_reader& reader,
                                   const session_actor& session, seq_t after,
                                   std::uint32_t credit) {
  reader.count_credit(credit);
  auto made = send_request<subscribed>(session, subscribe{after, credit},
                                       reader.handle());
  settle();
  return made;
}

fake_reader world::make_reader(pace how) {
  fake_reader made{sys, how};
  readers_.push_back(made.handle());
  return made;
}

fake_reader world::read(const session_actor& session, seq_t after) {
  auto made = make_reader(pace::keeps_up);
  (void)try_read(made, session, after, limits::reader_credit).value();
  return made;
}

fake_reader world::read_slowly(const session_actor& session, seq_t after,
                               std::uint32_t credit) {
  auto made = make_reader();
  (void)try_read(made, session, after, credit).value();
  return made;
}

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
  for (auto& reader : readers_)
    caf::anon_send_exit(reader, caf::exit_reason::user_shutdown);
  readers_.clear();
  settle();
  return sys.registry().running() - always_alive_;
}

std::int64_t world::streams_in_flight() {
  return metrics_.streams_in_flight->value();
}

} // namespace parley::tests
