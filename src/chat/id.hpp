// Strong ids: `conv_…`, `msg_…`, `strm_…`.
//
// Behind the prefix stand 26 characters of Crockford's base 32 in lower case
// (0-9 a-z without i, l, o, u):
//
//   tttttttttt nnnnn rrrrrrrrrrr
//   |          |     55 bits: random, counted up within one millisecond
//   |          25 bits: tag of the node that made the id
//   50 bits: milliseconds since the Unix epoch
//
// so that ids of a kind sort by creation time as plain bytes, and any node
// knows from an id whom to ask. Clients are promised only that ids are opaque
// and sortable.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "chat/timestamp.hpp"

namespace parley {

// Names the node that made an id; 25 bits, from the node's data folder.
struct node_tag {
  std::uint32_t value = 0;

  static constexpr std::uint32_t max = (1u << 25) - 1;

  friend auto operator<=>(const node_tag&, const node_tag&) = default;
};

template <class Inspector>
bool inspect(Inspector& f, node_tag& x) {
  return f.apply(x.value);
}

namespace detail {

// True for 26 characters of the alphabet.
[[nodiscard]] bool is_id_body(std::string_view body) noexcept;
[[nodiscard]] node_tag tag_of_id_body(std::string_view body) noexcept;
[[nodiscard]] timestamp time_of_id_body(std::string_view body) noexcept;

} // namespace detail

// An id of one kind. Default-constructed it is empty, which no entity has.
// Value type; safe to share between threads like a std::string.
template <class Tag>
class id {
public:
  static constexpr std::string_view prefix = Tag::prefix;

  id() = default;

  // Nothing but a well-formed id of this kind is accepted.
  [[nodiscard]] static std::optional<id> parse(std::string_view text) {
    if (!text.starts_with(prefix)
        || !detail::is_id_body(text.substr(prefix.size())))
      return std::nullopt;
    id x;
    x.text_ = text;
    return x;
  }

  [[nodiscard]] const std::string& str() const noexcept {
    return text_;
  }
  [[nodiscard]] bool empty() const noexcept {
    return text_.empty();
  }
  // Precondition: not empty.
  [[nodiscard]] node_tag node() const noexcept {
    return detail::tag_of_id_body(body());
  }
  // Precondition: not empty.
  [[nodiscard]] timestamp time() const noexcept {
    return detail::time_of_id_body(body());
  }

  friend auto operator<=>(const id&, const id&) = default;

  // The empty text loads as the empty id.
  template <class Inspector>
  friend bool inspect(Inspector& f, id& x) {
    auto get = [&x]() -> const std::string& {
      return x.text_;
    };
    auto set = [&x](std::string text) {
      if (!text.empty() && !parse(text))
        return false;
      x.text_ = std::move(text);
      return true;
    };
    return f.apply(get, set);
  }

private:
  [[nodiscard]] std::string_view body() const noexcept {
    return std::string_view{text_}.substr(prefix.size());
  }

  std::string text_;
};

struct conversation_tag {
  static constexpr std::string_view prefix = "conv_";
};
struct message_tag {
  static constexpr std::string_view prefix = "msg_";
};
struct stream_tag {
  static constexpr std::string_view prefix = "strm_";
};

using conversation_id = id<conversation_tag>;
using message_id = id<message_tag>;
using stream_id = id<stream_tag>;

// Makes ids. Those of one generator rise strictly, also within a millisecond
// and when the clock is set back. Thread-safe.
class id_generator {
public:
  explicit id_generator(node_tag node);

  template <class Id>
  [[nodiscard]] Id next(timestamp now = timestamp::now()) {
    return *Id::parse(std::string{Id::prefix} + next_body(now));
  }

  [[nodiscard]] node_tag node() const noexcept {
    return node_;
  }

private:
  [[nodiscard]] std::string next_body(timestamp now);

  node_tag node_;
  std::mutex mutex_;
  std::int64_t last_ms_ = 0;
  std::uint64_t entropy_ = 0;
};

} // namespace parley

template <class Tag>
struct std::hash<parley::id<Tag>> {
  std::size_t operator()(const parley::id<Tag>& x) const noexcept {
    return std::hash<std::string>{}(x.str());
  }
};
