#include "runtime/companion.hpp"

#include <utility>

#include <boost/asio/post.hpp>
#include <caf/actor_registry.hpp>
#include <caf/detail/sync_request_bouncer.hpp>
#include <caf/exit_reason.hpp>

#include "runtime/executor_service.hpp"

namespace parley::runtime {

companion::companion(caf::actor_config& config, boost::asio::io_context& loop)
  : extended_base(config), loop_(loop) {
  setf(is_initialized_flag);
  // Without a behavior an actor counts as dead.
  become([](caf::unit_t) {});
}

companion::~companion() = default;

bool companion::enqueue(caf::mailbox_element_ptr element, caf_executor*) {
  if (ended_.load(std::memory_order_acquire)) {
    bounce(*element);
    return false;
  }
  boost::asio::post(loop_, [self = companion_ptr{this},
                            element = std::move(element)]() mutable {
    self->handle(std::move(element));
  });
  return true;
}

void companion::launch(caf_executor*, bool, bool hide) {
  if (!hide)
    register_at_system();
}

void companion::handle(caf::mailbox_element_ptr element) {
  if (ended_.load(std::memory_order_relaxed)) {
    bounce(*element);
    return;
  }
  handling_ = true;
  auto outcome = activate(executor(), *element);
  handling_ = false;
  if (outcome == activation_result::terminated)
    ended_.store(true, std::memory_order_release);
  else if (end_requested_)
    end(std::move(end_reason_));
}

void companion::end(caf::error reason) {
  if (ended_.load(std::memory_order_relaxed))
    return;
  if (handling_) {
    // The handler that runs now must not lose what it captured.
    end_requested_ = true;
    end_reason_ = std::move(reason);
    return;
  }
  ended_.store(true, std::memory_order_release);
  context(executor());
  quit(std::move(reason));
  finalize();
}

void companion::bounce(const caf::mailbox_element& element) {
  if (element.mid.is_request()) {
    caf::detail::sync_request_bouncer f{
      make_error(caf::exit_reason::unreachable)};
    f(element.sender, element.mid);
  }
}

caf_executor* companion::executor() {
  if (executor_ == nullptr)
    executor_ =
      boost::asio::use_service<executor_service>(loop_).get(home_system());
  return executor_;
}

companion_ptr make_companion(caf::actor_system& system,
                             boost::asio::io_context& loop) {
  auto* executor = boost::asio::use_service<executor_service>(loop).get(system);
  auto handle = system.spawn<companion, caf::hidden>(loop);
  auto* raw = caf::actor_cast<caf::abstract_actor*>(handle);
  companion_ptr result{static_cast<companion*>(raw)};
  result->context(executor);
  return result;
}

} // namespace parley::runtime
