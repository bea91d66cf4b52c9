// What is to be sent on one connection: pieces in order, gathered into one
// system call, without copying what is large.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/buffer.hpp>

namespace parley::http {

class output_buffer {
public:
  // One system call takes this many pieces at most.
  static constexpr std::size_t max_gathered = 16;

  // A sequence of buffers as Asio wants it.
  class gathered {
  public:
    using value_type = boost::asio::const_buffer;
    using const_iterator = const value_type*;

    [[nodiscard]] const_iterator begin() const noexcept {
      return buffers_.data();
    }
    [[nodiscard]] const_iterator end() const noexcept {
      return buffers_.data() + count_;
    }

  private:
    friend class output_buffer;
    std::array<value_type, max_gathered> buffers_;
    std::size_t count_ = 0;
  };

  void push(std::string piece);
  // Copies; for what is short.
  void append(std::string_view text);

  [[nodiscard]] bool empty() const noexcept {
    return bytes_ == 0;
  }
  [[nodiscard]] std::size_t bytes() const noexcept {
    return bytes_;
  }

  // The front, valid until the next change.
  [[nodiscard]] gathered front() const;

  // Drops what was sent. Precondition: `count` ≤ `bytes()`.
  void consume(std::size_t count);

private:
  std::vector<std::string> pieces_;
  std::size_t first_ = 0;  // the first piece that is not sent
  std::size_t offset_ = 0; // of what is sent of it
  std::size_t bytes_ = 0;
};

} // namespace parley::http
