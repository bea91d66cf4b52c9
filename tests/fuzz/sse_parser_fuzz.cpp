// An event stream gives the same events however it is cut.
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "tests/fuzz/require.hpp"
#include "wire/sse_parser.hpp"

namespace parley::fuzz {
namespace {

struct outcome {
  std::vector<std::tuple<std::string, std::string, std::string>> events;
  bool failed = false;

  friend bool operator==(const outcome&, const outcome&) = default;
};

class reader {
public:
  explicit reader(std::size_t limit) : limit_{limit}, parser_{limit} {
  }

  void feed(std::string_view piece) {
    // A copy of exactly this size: reading beyond it, or later, is caught.
    const auto bytes = std::make_unique<char[]>(piece.size());
    piece.copy(bytes.get(), piece.size());
    const auto done = parser_.feed({bytes.get(), piece.size()}, take_);
    got_.failed = got_.failed || !done;
  }

  outcome finish() {
    parser_.finish(take_);
    return got_;
  }

private:
  std::size_t limit_;
  wire::sse_parser parser_;
  outcome got_;
  wire::sse_parser::event_function take_ = [this](const wire::sse_event& x) {
    require(x.data.size() <= limit_, "events have a limit");
    got_.events.emplace_back(x.data, x.event, x.id);
  };
};

void check(std::string_view stream, std::size_t limit) {
  reader whole{limit};
  whole.feed(stream);
  const auto expected = whole.finish();
  reader bytewise{limit};
  for (std::size_t i = 0; i < stream.size(); ++i)
    bytewise.feed(stream.substr(i, 1));
  require(bytewise.finish() == expected, "byte by byte is the same");
  // Every single cut, where that is affordable.
  constexpr std::size_t max_cuts = 300;
  const auto step = stream.size() / max_cuts + 1;
  for (std::size_t cut = 0; cut <= stream.size(); cut += step) {
    reader cut_once{limit};
    cut_once.feed(stream.substr(0, cut));
    cut_once.feed({});
    cut_once.feed(stream.substr(cut));
    require(cut_once.finish() == expected, "one cut changes nothing");
  }
}

} // namespace
} // namespace parley::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  const std::string_view stream{reinterpret_cast<const char*>(data), size};
  parley::fuzz::check(stream, 1 << 20);
  parley::fuzz::check(stream, 16);
  return 0;
}
