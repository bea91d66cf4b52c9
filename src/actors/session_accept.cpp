// The session's first phase: the message is being accepted.
#include "actors/session_impl.hpp"

#include <utility>

#include "actors/errors.hpp"
#include "actors/timer.hpp"

namespace parley::actors {

caf::result<session_opened> session::on_open(open_stream asked) {
  request_ = std::move(asked.request);
  loop_ = asked.loop;
  opened_ = make_response_promise<session_opened>();
  tell(progress_stage::queued);
  request(env_.persistence, caf::infinite,
          accept{request_, record_, default_model_, new_conversation_})
    .then([this](accepted& what) { on_accepted(std::move(what)); },
          [this](const caf::error& why) { on_refused(to_error(why)); });
  if (new_conversation_) {
    history_.emplace();
    return opened_;
  }
  // Read while the accept is being written.
  read_history();
  return opened_;
}

void session::read_history() {
  const auto& reader = env_.readers[loop_ % env_.readers.size()];
  request(reader, caf::infinite,
          get_history{record_.conversation, record_.user_message,
                      env_.settings.llm.max_context_chars})
    .then(
      [this](history& found) {
        history_ = std::move(found.messages);
        try_generate();
      },
      [this](const caf::error& why) {
        auto cause = to_error(why);
        // Where the conversation is not there the accept fails, too.
        if (cause.code != errc::conversation_not_found)
          end_with_error(errc::storage_failed,
                         "the conversation could not be read");
      });
}

void session::on_decided(const conversation& conv, const std::string& model) {
  if (conv_)
    return;
  conv_ = conv;
  record_.model = model;
  answering_model_ = model;
  log_.emplace(start_of(record_));
  try_generate();
}

void session::on_accepted(accepted what) {
  if (what.replayed) {
    if (env_.metrics != nullptr)
      env_.metrics->streams_replayed->inc();
    opened_.deliver(session_opened{start_of(what.record), true});
    stop_worker();
    quit();
    return;
  }
  on_decided(what.conv, what.record.model);
  record_.started_at = what.record.started_at;
  phase_ = phase::generating;
  if (env_.metrics != nullptr) {
    std::chrono::duration<double> took = now() - begun_;
    env_.metrics->added_latency_accept->observe(took.count());
    env_.metrics->streams_in_flight->inc();
  }
  env_.log.info("stream.started", {{"stream", record_.id.str()},
                                   {"conversation", record_.conversation.str()},
                                   {"model", record_.model}});
  opened_.deliver(session_opened{start_of(record_), false});
  on_nobody_listens(request_.on_disconnect.first_reader_grace);
  if (auto entries = std::exchange(undecided_, {}); !entries.empty())
    store(std::move(entries), 0);
  if (end_)
    begin_finish();
  else
    try_generate();
}

void session::on_refused(const error& why) {
  if (env_.metrics != nullptr)
    env_.metrics->streams_refused->inc();
  opened_.deliver(to_caf(why));
  stop_worker();
  quit();
}

} // namespace parley::actors
