// One request to the upstream and its response, over a connection of the pool.
//
//   acquiring → handshaking → exchanging → ended
//                                        ↘ draining → ended
//
// A derived class hears of it through the `on_…` functions. All of it runs on
// the pool's loop's thread. The object lives as long as a handler is on its
// way; while addresses are looked up somebody else must hold it. After `cancel`
// no `on_…` function is called.
//
// A connection that was kept alive may die while the request is on its way,
// before a byte of the response. The upstream may have taken the request all
// the same, so only one that changes nothing is then sent once more over a new
// connection. Any other is cut, and whether it is sent again is for the retry
// policy. The other idle connections are as old and go too: the next attempt
// must not end like this one.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <boost/asio/steady_timer.hpp>

#include "chat/result.hpp"
#include "llm/connection_pool.hpp"
#include "llm/connector.hpp"
#include "llm/http_response_parser.hpp"
#include "llm/transport.hpp"

namespace parley::llm {

class upstream_call : public std::enable_shared_from_this<upstream_call>,
                      private http_response_parser::sink {
public:
  virtual ~upstream_call() = default;
  upstream_call(const upstream_call&) = delete;
  upstream_call& operator=(const upstream_call&) = delete;

  void start();

  // Nobody listens any more: `cancelled()` is true from now on. Thread-safe,
  // where the rest is the loop's: a cancel that is handed over to the loop must
  // not be overtaken by a report.
  void abandon() noexcept {
    cancelled_.store(true, std::memory_order_relaxed);
  }

  // Closes the connection at once, unless it is being drained. May be called
  // from inside an `on_…` function.
  void cancel();

  // Nothing is read while paused.
  void pause();
  void resume();

  [[nodiscard]] boost::asio::io_context& loop() const noexcept {
    return pool_->loop();
  }

protected:
  // `request`: head and body as they go out.
  upstream_call(std::shared_ptr<connection_pool> pool, std::string request);

  // -- what a derived class hears --------------------------------------------

  // The request is with the kernel. Once, also when it is sent again.
  virtual void on_sent() {
  }
  void on_head(const response_head& head) override = 0;
  void on_body(std::string_view bytes) override = 0;
  // All that one read brought has been told, and the response goes on.
  virtual void on_read_end() = 0;
  // The response is complete. The last call.
  virtual void on_complete() = 0;
  // The connection ended before the response did. The last call.
  virtual void on_cut(bool before_head) = 0;
  // No connection (upstream_unreachable), or no HTTP (upstream_protocol). The
  // last call.
  virtual void on_failed(error why) = 0;
  // Nothing changes when the upstream gets the request twice.
  [[nodiscard]] virtual bool may_be_sent_twice() const noexcept {
    return false;
  }
  // The time that `set_deadline` gave is over. Ends nothing.
  virtual void on_deadline() {
  }

  // -- what it may do --------------------------------------------------------

  // Replaces an earlier deadline.
  void set_deadline(std::chrono::milliseconds from_now);
  [[nodiscard]] bool has_deadline() const noexcept {
    return deadline_.has_value();
  }

  // Nothing more is wanted, but when the rest of the response comes soon the
  // connection can be used again. No more calls.
  void drain();

  // Nothing more is wanted, and the connection is closed. No more calls.
  void end();

  [[nodiscard]] bool cancelled() const noexcept {
    return cancelled_.load(std::memory_order_relaxed);
  }
  [[nodiscard]] const connection_pool& pool() const noexcept {
    return *pool_;
  }

private:
  enum class phase : std::uint8_t {
    acquiring,
    handshaking,
    exchanging,
    draining,
    ended,
  };

  // The end of a response that nobody waits for.
  static constexpr std::chrono::milliseconds drain_time{1000};
  static constexpr std::size_t max_drained_bytes = 16 * 1024;

  void connect();
  void take_connection(std::unique_ptr<transport> connection);
  void handshake();
  void send();
  void receive();
  void take_bytes(std::string_view bytes);
  void take_end(io_status how);
  void complete();
  void wait_for_more();
  void wait_readable();
  void wait_writable();
  void fail_with(error why);

  [[nodiscard]] bool sent_all() const noexcept {
    return sent_ == request_bytes_;
  }

  std::shared_ptr<connection_pool> pool_;
  std::shared_ptr<connector> connector_; // while acquiring
  std::unique_ptr<transport> connection_;
  std::string request_; // released when it cannot be needed again
  std::size_t request_bytes_;
  std::size_t sent_ = 0;
  http_response_parser parser_;
  std::optional<boost::asio::steady_timer> deadline_;
  std::size_t drained_bytes_ = 0;
  // Tells handlers of an earlier connection from those of the present one.
  unsigned connection_number_ = 0;
  unsigned deadline_number_ = 0; // the same for deadlines
  phase phase_ = phase::acquiring;
  bool reused_ = false;   // the connection was kept alive
  bool answered_ = false; // a byte of the response has come
  bool sent_told_ = false;
  bool send_failed_ = false; // the upstream takes no more of the request
  bool paused_ = false;
  std::atomic<bool> cancelled_ = false;
  bool awaiting_read_ = false;
  bool awaiting_write_ = false;
};

} // namespace parley::llm
