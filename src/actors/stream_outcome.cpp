#include "actors/stream_outcome.hpp"

#include <utility>

#include "chat/limits.hpp"
#include "chat/utf8.hpp"

namespace parley::actors {

namespace {

stream_status status_of_reason(finish_reason reason) {
  switch (reason) {
  case finish_reason::length:
    return stream_status::truncated;
  case finish_reason::cancelled:
    return stream_status::cancelled;
  default:
    return stream_status::complete;
  }
}

stream_status status_of_error(errc code) {
  switch (code) {
  case errc::server_shutdown:
  case errc::interrupted:
  case errc::node_lost:
    return stream_status::interrupted;
  default:
    return stream_status::failed;
  }
}

message answer_of(const stream_record& record, const stream_log& log) {
  message answer;
  answer.id = record.message;
  answer.conversation = record.conversation;
  answer.parent = record.user_message;
  answer.role = role::assistant;
  answer.content = log.content();
  answer.reasoning = log.reasoning();
  answer.tool_calls = log.tool_calls();
  answer.status = message_status_of(record.status);
  answer.created_at = record.started_at;
  answer.stream = record.id;
  answer.model = record.model;
  answer.finish = record.finish;
  answer.usage = record.usage;
  return answer;
}

} // namespace

stream_status status_of(const terminal_event& end) {
  if (auto* done = std::get_if<done_event>(&end))
    return status_of_reason(done->reason);
  return status_of_error(std::get<error_event>(end).code);
}

std::uint64_t estimate_tokens(std::uint64_t code_points) noexcept {
  return (code_points + 3) / 4;
}

finish make_finish(stream_record record, const stream_log& log,
                   terminal_event end, usage used, timestamp now) {
  auto next = log.last_seq() + 1;
  std::visit([next](auto& event) { event.seq = std::max(event.seq, next); },
             end);
  record.status = status_of(end);
  record.finished_at = now;
  record.usage = used;
  record.layout = log.layout();
  if (auto* done = std::get_if<done_event>(&end)) {
    record.finish = done->reason;
    record.last_seq = done->seq;
  } else {
    auto& failure = std::get<error_event>(end);
    record.last_seq = failure.seq;
    record.error = failure;
  }
  auto answer = answer_of(record, log);
  return {std::move(record), std::move(answer)};
}

finish close_abandoned(const storage::stored_stream& left, errc code,
                       timestamp now) {
  auto log = stream_log::from_segments(start_of(left.record), left.segments);
  error_event end;
  end.code = code;
  end.text = code == errc::interrupted
               ? "the server was interrupted while it answered; what had "
                 "arrived is kept"
               : "the answer ended because of an internal error; what had "
                 "arrived is kept";
  end.retryable = info(code).retryable;
  end.seq = limits::interrupted_seq;
  usage used;
  used.completion_tokens = estimate_tokens(utf8::length(log.content()));
  return make_finish(left.record, log, end, used, now);
}

} // namespace parley::actors
