// The event stream that subscribers of a server hold: a thin handle on its
// connection, which does the work.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "http/exchange.hpp"

namespace parley::http {

class connection;

class stream_handle final : public event_stream {
public:
  explicit stream_handle(std::shared_ptr<connection> connection);
  // Aborts when nobody has finished it.
  ~stream_handle() override;

  void on_gone(std::function<void()> call) override;
  void on_drain(std::function<void()> call) override;
  void write(std::string frames, std::function<void()> on_written) override;
  void finish() override;
  void finish_with(std::string last_frames) override;
  void abort() override;

  // From the connection: nothing can be written any more.
  void notify_gone();
  // From the connection: the server is about to close it.
  void notify_drain();

private:
  std::shared_ptr<connection> connection_; // null: ended or gone
  std::function<void()> on_gone_;
  std::function<void()> on_drain_;
};

} // namespace parley::http
