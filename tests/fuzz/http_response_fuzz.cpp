// An upstream's response gives the same head and body however it is cut.
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "llm/http_response_parser.hpp"
#include "tests/fuzz/require.hpp"

namespace parley::fuzz {
namespace {

class reader final : public llm::http_response_parser::sink {
public:
  void feed(std::string_view piece) {
    if (piece.empty())
      return;
    // A copy of exactly this size: reading beyond it is caught.
    const auto bytes = std::make_unique<char[]>(piece.size());
    piece.copy(bytes.get(), piece.size());
    if (!parser_.feed({bytes.get(), piece.size()}, *this))
      failed_ = true;
    else
      require(!failed_, "what has failed stays failed");
  }

  // All that a client can see of it.
  std::string outcome() {
    auto whole = parser_.finish();
    require(!(failed_ && whole), "a broken response is not whole");
    return (failed_ ? "failed "
            : whole ? "whole "
                    : "cut ")
           + std::to_string(heads_) + ' ' + std::to_string(status_) + ' '
           + media_type_ + ' ' + body_;
  }

  void on_head(const llm::response_head& head) override {
    require(++heads_ == 1, "one head");
    status_ = head.status;
    media_type_ = head.media_type;
  }

  void on_body(std::string_view bytes) override {
    require(heads_ == 1, "the head comes first");
    require(!bytes.empty(), "no piece is empty");
    body_ += bytes;
  }

private:
  llm::http_response_parser parser_;
  bool failed_ = false;
  int heads_ = 0;
  int status_ = 0;
  std::string media_type_;
  std::string body_;
};

void check(std::string_view response) {
  reader whole;
  whole.feed(response);
  const auto expected = whole.outcome();
  reader bytewise;
  for (std::size_t i = 0; i < response.size(); ++i)
    bytewise.feed(response.substr(i, 1));
  require(bytewise.outcome() == expected, "byte by byte is the same");
  constexpr std::size_t max_cuts = 200;
  const auto step = response.size() / max_cuts + 1;
  for (std::size_t cut = 0; cut <= response.size(); cut += step) {
    reader cut_once;
    cut_once.feed(response.substr(0, cut));
    cut_once.feed(response.substr(cut));
    require(cut_once.outcome() == expected, "one cut changes nothing");
  }
}

} // namespace
} // namespace parley::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  parley::fuzz::check({reinterpret_cast<const char*>(data), size});
  return 0;
}
