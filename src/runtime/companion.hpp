// An actor that lives on an event loop: what it is sent is handled on the
// loop's thread, between the loop's other handlers, so that it may touch the
// connection it belongs to without locks. It can `send`, `request(…).then(…)`,
// `monitor` and `become` like any event-based actor.
//
// The same idea as CAF's actor_companion (caf/mixin/actor_widget.hpp), which
// cannot make requests and whose `disconnect` is defined nowhere.
#pragma once

#include <atomic>
#include <memory>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <caf/actor_cast.hpp>
#include <caf/actor_system.hpp>
#include <caf/behavior.hpp>
#include <caf/extend.hpp>
#include <caf/mailbox_element.hpp>
#include <caf/mixin/requester.hpp>
#include <caf/mixin/sender.hpp>
#include <caf/scheduled_actor.hpp>

#include "runtime/caf_compat.hpp"

namespace parley::runtime {

class companion : public caf::extend<caf::scheduled_actor, companion>::with<
                    caf::mixin::sender, caf::mixin::requester> {
public:
  using signatures = caf::none_t;
  using behavior_type = caf::behavior;

  companion(caf::actor_config& config, boost::asio::io_context& loop);
  ~companion() override;

  // Handles messages with these handlers from now on, and no others.
  template <class... Handlers>
  void become(Handlers... handlers) {
    do_become(caf::behavior{std::move(handlers)...}, true);
  }

  // Ends it: monitors are told, later messages bounce, pending requests are
  // forgotten, handlers are dropped with all they hold. On the loop's thread;
  // also from one of its own handlers. Ending twice does nothing.
  void end(caf::error reason = {});

  // -- for CAF
  // ----------------------------------------------------------------------

  bool enqueue(caf::mailbox_element_ptr element, caf_executor* host) override;
  void launch(caf_executor* host, bool lazy, bool hide) override;

private:
  void handle(caf::mailbox_element_ptr element);
  void bounce(const caf::mailbox_element& element);
  caf_executor* executor();

  boost::asio::io_context& loop_;
  caf_executor* executor_ = nullptr;
  std::atomic<bool> ended_ = false; // the rest: on the loop's thread only
  bool handling_ = false;
  bool end_requested_ = false;
  caf::error end_reason_;
};

// A strong reference that knows its type.
class companion_ptr {
public:
  companion_ptr() = default;
  explicit companion_ptr(companion* raw) : handle_(raw->ctrl()) {
  }

  [[nodiscard]] companion* get() const noexcept {
    return handle_ ? static_cast<companion*>(
             caf::actor_cast<caf::abstract_actor*>(handle_))
                   : nullptr;
  }
  companion* operator->() const noexcept {
    return get();
  }
  companion& operator*() const noexcept {
    return *get();
  }
  explicit operator bool() const noexcept {
    return static_cast<bool>(handle_);
  }

private:
  caf::strong_actor_ptr handle_;
};

// Makes one on a loop; call on the loop's thread. Whoever holds the pointer
// must call `end` before letting go of it.
[[nodiscard]] companion_ptr make_companion(caf::actor_system& system,
                                           boost::asio::io_context& loop);

} // namespace parley::runtime
