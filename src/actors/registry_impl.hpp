// The registry actor's class; private to registry*.cpp.
//
// Runs on its scheduler thread only; every handler below is one message.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include <caf/disposable.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>

#include "actors/errors.hpp"
#include "actors/registry.hpp"
#include "actors/store_reader.hpp"
#include "storage/store.hpp"

namespace parley::actors {

class registry : public registry_actor::base {
public:
  registry(caf::actor_config& config, const session_environment& environment,
           id_generator& ids);

  behavior_type make_behavior() override;
  void on_exit() override;

private:
  struct entry {
    session_actor session;
    conversation_id conversation;
    bool running = false; // not terminal yet
    // Of a terminal one: the end of streams.retention.
    timestamp readable_until;
  };
  using open_promise = caf::typed_response_promise<stream_opened>;

  // -- opening: registry_open.cpp -------------------------------------------

  caf::result<stream_opened> on_open(open_stream what);
  [[nodiscard]] std::optional<error> refusal() const;
  void open(const open_stream& what, open_promise promise, int tries);
  void open_replay(const open_stream& what, open_promise promise, int tries,
                   error refused);
  void start(const open_stream& what, open_promise promise, int tries);
  void on_opened(session_opened& reply, open_promise& promise);
  void clear_way(const error& busy, const open_stream& what,
                 open_promise promise, int tries);

  // -- the default model: registry_open.cpp ---------------------------------

  void ask_default_model();
  void on_model_silence();
  void on_default_model(const std::string& name);

  // -- finding: registry.cpp ------------------------------------------------

  caf::result<session_actor> on_find(const find_stream& what);
  void revive(const stream_id& id, storage::stored_stream& found);
  [[nodiscard]] std::optional<error>
  unreadable(const stream_record& record) const;
  caf::result<stream_state> on_state(const get_stream_state& what);
  caf::result<stream_state> on_cancel(const cancel_stream& what);
  template <class Question>
  caf::result<stream_state> ask_stream(const stream_id& id,
                                       const Question& what);
  // Null where there is none, or where it has outlived its time.
  [[nodiscard]] const entry* find_readable(const stream_id& id) const;
  [[nodiscard]] timestamp end_of_retention(timestamp finished_at) const;
  void add(const stream_id& id, entry what);
  void forget(const stream_id& id);
  caf::result<node_status> on_status();

  // -- ends: registry_end.cpp -----------------------------------------------

  caf::result<void> on_close(const conversation_id& id);
  void drop_sessions_of(const conversation_id& id);
  void on_ended(const stream_id& id);
  void on_leaving(const stream_id& id);
  void on_down(const caf::down_msg& what);
  void close_soon(const stream_id& id);
  void close_dead(const stream_id& id);
  void close_later(const stream_id& id);
  caf::result<void> on_drain(std::chrono::milliseconds grace);
  void check_drained();
  void await_readers();
  void end_drain();

  const session_environment& env_;
  id_generator& ids_;
  reader_turns readers_;
  std::string default_model_; // empty: not known yet
  bool asking_model_ = false;
  caf::disposable model_timer_;
  bool model_pause_ = false; // it could not be asked a moment ago
  std::vector<std::function<void()>> waiting_for_model_;
  std::unordered_map<stream_id, entry> sessions_;
  std::unordered_map<caf::actor_addr, stream_id> by_address_;
  std::map<stream_id, std::vector<caf::typed_response_promise<session_actor>>>
    reviving_;
  std::size_t running_ = 0;
  bool draining_ = false;
  bool awaiting_readers_ = false; // the drain's last step
  std::vector<caf::typed_response_promise<void>> drained_;
};

} // namespace parley::actors
