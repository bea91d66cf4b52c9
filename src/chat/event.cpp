#include "chat/event.hpp"

#include <type_traits>

namespace parley {

std::string_view to_string(text_kind x) noexcept {
  return x == text_kind::content ? "content" : "reasoning";
}

std::string_view to_string(progress_stage x) noexcept {
  switch (x) {
  case progress_stage::queued:
    return "queued";
  case progress_stage::connecting:
    return "connecting";
  case progress_stage::waiting:
    return "waiting";
  case progress_stage::retrying:
    return "retrying";
  case progress_stage::recovering:
    return "recovering";
  }
  return "queued";
}

seq_t seq_of(const event& x) noexcept {
  return std::visit(
    [](const auto& what) -> seq_t {
      using type = std::decay_t<decltype(what)>;
      if constexpr (std::is_same_v<type, progress_event>)
        return 0;
      else
        return what.seq;
    },
    x);
}

bool is_terminal(const event& x) noexcept {
  return std::holds_alternative<error_event>(x)
         || std::holds_alternative<done_event>(x);
}

} // namespace parley
