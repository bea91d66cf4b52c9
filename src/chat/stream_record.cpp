#include "chat/stream_record.hpp"

#include <cassert>

namespace parley {

std::string_view to_string(stream_status x) noexcept {
  switch (x) {
  case stream_status::queued:
    return "queued";
  case stream_status::generating:
    return "generating";
  case stream_status::complete:
    return "complete";
  case stream_status::truncated:
    return "truncated";
  case stream_status::cancelled:
    return "cancelled";
  case stream_status::failed:
    return "failed";
  case stream_status::interrupted:
    return "interrupted";
  }
  return "queued";
}

bool is_terminal(stream_status x) noexcept {
  return x != stream_status::queued && x != stream_status::generating;
}

message_status message_status_of(stream_status x) noexcept {
  assert(is_terminal(x));
  switch (x) {
  case stream_status::complete:
    return message_status::complete;
  case stream_status::truncated:
    return message_status::truncated;
  case stream_status::cancelled:
    return message_status::cancelled;
  case stream_status::failed:
    return message_status::failed;
  case stream_status::interrupted:
    return message_status::interrupted;
  case stream_status::queued:
  case stream_status::generating:
    break;
  }
  return message_status::generating;
}

stream_state state_of(const stream_record& record) {
  stream_state state;
  state.id = record.id;
  state.conversation = record.conversation;
  state.message = record.message;
  state.status = record.status;
  state.last_seq = record.last_seq;
  state.started_at = record.started_at;
  state.finished_at = record.finished_at;
  state.finish = record.finish;
  return state;
}

start_event start_of(const stream_record& record) {
  return {record.id, record.conversation, record.user_message, record.message,
          record.model};
}

terminal_event terminal_of(const stream_record& record) {
  assert(is_terminal(record.status));
  if (record.error) {
    auto end = *record.error;
    end.seq = record.last_seq;
    return end;
  }
  return done_event{record.finish, record.message, record.usage,
                    record.last_seq};
}

} // namespace parley
