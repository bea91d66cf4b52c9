// The session actor's class; private to session*.cpp.
//
// Runs on its scheduler thread only; every handler below is one message.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <caf/disposable.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>

#include "actors/reader_list.hpp"
#include "actors/session.hpp"

namespace parley::actors {

class session : public session_actor::base {
public:
  // A new stream.
  session(caf::actor_config& config, const session_environment& environment,
          registry_actor registry, stream_record record, bool new_conversation,
          std::string default_model);

  // A terminal stream from the store.
  session(caf::actor_config& config, const session_environment& environment,
          registry_actor registry, stream_record record, stream_log log);

  behavior_type make_behavior() override;
  void on_exit() override;

private:
  enum class phase : std::uint8_t { accepting, generating, finishing, closed };
  using time_point = caf::actor_clock::time_point;
  using state_promise = caf::typed_response_promise<stream_state>;

  // -- accepting: session_accept.cpp
  // --------------------------------------------

  caf::result<session_opened> on_open(open_stream what);
  void read_history();
  void on_decided(const conversation& conv, const std::string& model);
  void on_accepted(accepted what);
  void on_refused(const error& why);

  // -- generating: session_generate.cpp
  // -------------------------------------------

  // Starts the first attempt as soon as conversation and history are there.
  void try_generate();
  void start_attempt();
  void stop_worker();
  void on_report(upstream_report& what);
  void on_deltas(llm::deltas& what, std::int64_t read_at);
  void on_first_token();
  void on_upstream_failed(llm::failed& what);
  bool try_again(const llm::failed& what);
  // Appends a delta to `out`; false when the answer ends here.
  bool take(llm::delta& item, std::vector<log_entry>& out);
  void store(std::vector<log_entry> entries, std::int64_t read_at);
  void on_appended(seq_t last_seq);

  // -- the end: session_finish.cpp
  // -------------------------------------------------

  void end(terminal_event how, std::optional<usage> used = std::nullopt);
  void end_with_error(errc code, std::string text);
  void begin_finish();
  void on_finished(const stream_record& record);
  void on_finish_failed(const error& why);
  // Keeps trying to write an end that readers were already told.
  void save_later(finish what);
  void close(const stream_record& record);
  [[nodiscard]] usage usage_of(const stream_log& log) const;
  // The atomic finish with this log and end.
  [[nodiscard]] finish finish_of(const stream_log& log,
                                 const terminal_event& how) const;
  void quit_if_unread();

  // -- readers: session.cpp
  // -----------------------------------------------------------

  caf::result<subscribed> on_subscribe(const subscribe& what,
                                       const reader_actor& reader);
  void on_reader_gone(const caf::actor_addr& who);
  void on_nobody_listens(std::chrono::milliseconds grace);
  caf::result<stream_state> on_cancel();
  void publish(std::int64_t read_at = 0);
  void tell(progress_stage stage);
  [[nodiscard]] stream_state state() const;
  [[nodiscard]] time_point now() const;
  [[nodiscard]] bool strict() const;
  [[nodiscard]] const journal_actor& journal() const;

  const session_environment& env_;
  registry_actor registry_;
  phase phase_ = phase::accepting;
  stream_record record_;
  reader_list readers_;

  // -- what was asked
  chat_request request_;
  std::uint32_t loop_ = 0;
  bool new_conversation_ = false;
  std::string default_model_;
  std::optional<conversation> conv_;
  std::optional<std::vector<message>> history_;
  bool history_read_again_ = false;
  caf::typed_response_promise<session_opened> opened_;
  time_point begun_;

  // -- the text
  std::optional<stream_log> log_; // set once the conversation is known
  seq_t next_seq_ = start_event::seq + 1;
  std::uint64_t content_points_ = 0;
  std::size_t log_bytes_ = 0;
  std::vector<log_entry> undecided_; // came before the accept was durable
  struct staged {
    std::vector<log_entry> entries;
    seq_t last_seq;
    std::int64_t read_at;
  };
  std::vector<staged> staged_; // strict: not durable yet, not shown

  // -- the attempts
  llm_worker_actor worker_;
  // The one that is asked now. `record_.model` stays what the start frame says;
  // the message is told who answered.
  std::string answering_model_;
  std::uint32_t attempt_ = 0;
  bool attempt_runs_ = false; // no end of `attempt_` was reported
  std::uint32_t attempt_of_model_ = 0;
  std::size_t fallback_ = 0; // index of the next llm.fallback-models entry
  time_point model_begun_;
  bool has_token_ = false;
  time_point last_token_;
  std::uint64_t prompt_points_ = 0;
  caf::disposable retry_timer_;

  // -- readers
  bool had_reader_ = false;
  caf::disposable nobody_timer_;

  // -- the end
  std::optional<terminal_event> end_;
  std::optional<usage> used_;
  time_point end_begun_;
  bool unsaved_ = false;
  bool lingering_ = false; // brought back a moment ago
  std::vector<state_promise> cancels_;
};

} // namespace parley::actors
