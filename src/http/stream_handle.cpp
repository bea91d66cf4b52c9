#include "http/stream_handle.hpp"

#include <utility>

#include "http/connection.hpp"

namespace parley::http {

stream_handle::stream_handle(std::shared_ptr<connection> connection)
  : connection_{std::move(connection)} {
}

stream_handle::~stream_handle() {
  abort();
}

void stream_handle::on_gone(std::function<void()> call) {
  if (connection_)
    on_gone_ = std::move(call);
}

void stream_handle::on_drain(std::function<void()> call) {
  if (connection_)
    on_drain_ = std::move(call);
}

void stream_handle::write(std::string frames,
                          std::function<void()> on_written) {
  if (connection_)
    connection_->write_stream(std::move(frames), std::move(on_written));
}

void stream_handle::finish() {
  finish_with({});
}

void stream_handle::finish_with(std::string last_frames) {
  on_gone_ = nullptr;
  on_drain_ = nullptr;
  if (const auto connection = std::exchange(connection_, nullptr))
    connection->finish_stream(std::move(last_frames));
}

void stream_handle::abort() {
  on_gone_ = nullptr;
  on_drain_ = nullptr;
  if (const auto connection = std::exchange(connection_, nullptr))
    connection->abort_stream();
}

void stream_handle::notify_drain() {
  if (const auto call = std::exchange(on_drain_, nullptr))
    call();
}

void stream_handle::notify_gone() {
  connection_.reset();
  on_drain_ = nullptr;
  if (const auto call = std::exchange(on_gone_, nullptr))
    call();
}

} // namespace parley::http
