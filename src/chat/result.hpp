// Expected failures are values: `result<T>` is a T or an `error`.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <utility>

#include <tl/expected.hpp>

#include "chat/errc.hpp"

namespace parley {

// What went wrong. `detail` is one sentence for the client that says what was
// tried, on which id, and what to do; it never holds message text, secrets or
// internals.
struct [[nodiscard]] error {
  errc code = errc::internal;
  std::string detail;
  std::string field;     // the request's field that is at fault, or empty
  std::string reference; // the id that helps: see errc.hpp, or empty
  std::optional<std::chrono::milliseconds> retry_after;

  friend bool operator==(const error&, const error&) = default;
};

template <class Inspector>
bool inspect(Inspector& f, error& x) {
  auto get = [&x] {
    return x.retry_after ? x.retry_after->count() : -1;
  };
  auto set = [&x](long ms) {
    x.retry_after.reset();
    if (ms >= 0)
      x.retry_after = std::chrono::milliseconds{ms};
    return true;
  };
  return f.object(x).fields(
    f.field("code", x.code), f.field("detail", x.detail),
    f.field("field", x.field), f.field("reference", x.reference),
    f.field("retry_after_ms", get, set));
}

template <class T>
using result = tl::expected<T, error>;

// `return fail(errc::stream_not_found, "no stream " + id);`
[[nodiscard]] inline tl::unexpected<error>
fail(errc code, std::string detail = {}, std::string field = {}) {
  return tl::unexpected<error>{
    error{code, std::move(detail), std::move(field), {}, std::nullopt}};
}

[[nodiscard]] inline tl::unexpected<error> fail(error what) {
  return tl::unexpected<error>{std::move(what)};
}

} // namespace parley
