// The one place where exceptions of handlers end. Included by the sources of
// `connection` only.
#pragma once

#include <exception>
#include <utility>

#include "http/connection.hpp"

namespace parley::http {

template <class Call>
void connection::guarded(Call&& call) {
  try {
    std::forward<Call>(call)();
  } catch (const std::exception& thrown) {
    core_->log.error("http.handler_failed", {{"what", thrown.what()}});
    close();
  } catch (...) {
    core_->log.error("http.handler_failed", {{"what", "unknown exception"}});
    close();
  }
}

} // namespace parley::http
