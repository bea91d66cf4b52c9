// The pure functions on a token's path, one by one and together: event stream
// → chunk → log → frame. The figures are per token, without any system call.
//
//   build/bench/micro [--benchmark_filter=…]
#include <benchmark/benchmark.h>

#include <string>
#include <string_view>
#include <vector>

#include "chat/stream_log.hpp"
#include "wire/openai_client.hpp"
#include "wire/sse_encoder.hpp"
#include "wire/sse_parser.hpp"

namespace parley::bench {

namespace {

constexpr std::size_t max_event_bytes = 1024 * 1024;
// A usual token; the second one needs escapes in JSON and is not ASCII.
constexpr std::string_view plain_text = " example";
constexpr std::string_view rich_text = "\n\"naïve\" — ok";

std::string chunk_json(std::string_view text_in_json) {
  return R"({"id":"chatcmpl-bench","object":"chat.completion.chunk",)"
         R"("created":1700000000,"model":"bench","choices":[{"index":0,)"
         R"("delta":{"content":")"
         + std::string{text_in_json} + R"("},"finish_reason":null}]})";
}

std::string event_stream(std::int64_t events) {
  std::string result;
  for (std::int64_t i = 0; i < events; ++i)
    result += "data: " + chunk_json(plain_text) + "\n\n";
  return result;
}

start_event any_start() {
  start_event result;
  result.model = "bench";
  return result;
}

void per_token(benchmark::State& state, std::int64_t tokens) {
  state.SetItemsProcessed(state.iterations() * tokens);
}

void parse_chunk(benchmark::State& state, std::string_view text_in_json) {
  const auto json = chunk_json(text_in_json);
  for (auto _ : state)
    benchmark::DoNotOptimize(wire::parse_completion_chunk(json));
  per_token(state, 1);
}
BENCHMARK_CAPTURE(parse_chunk, plain, plain_text);
BENCHMARK_CAPTURE(parse_chunk, escapes, R"(\n\"naïve\" \u2014 ok)");

void encode_frame(benchmark::State& state, std::string_view text) {
  const event what{text_event{.chunk = std::string{text}, .seq = 123'456}};
  std::string out;
  for (auto _ : state) {
    out.clear();
    wire::append_frame(out, what, wire::sse_dialect::native);
    benchmark::DoNotOptimize(out.data());
  }
  per_token(state, 1);
}
BENCHMARK_CAPTURE(encode_frame, plain, plain_text);
BENCHMARK_CAPTURE(encode_frame, escapes, rich_text);

/// The argument is how many events one read brings.
void split_events(benchmark::State& state) {
  const auto bytes = event_stream(state.range(0));
  wire::sse_parser parser{max_event_bytes};
  const wire::sse_parser::event_function on_event =
    [](const wire::sse_event& each) {
      benchmark::DoNotOptimize(each.data.data());
    };
  for (auto _ : state)
    benchmark::DoNotOptimize(parser.feed(bytes, on_event));
  per_token(state, state.range(0));
}
BENCHMARK(split_events)->Arg(1)->Arg(64);

/// One reader that is always up to date, over an answer of so many tokens.
void append_and_read(benchmark::State& state) {
  std::vector<event> events;
  for (auto _ : state) {
    stream_log log{any_start()};
    auto place = *log.at(start_event::seq);
    for (std::int64_t i = 0; i < state.range(0); ++i) {
      log.append_text(text_kind::content, plain_text);
      events.clear();
      log.read(place, max_event_bytes, events);
      benchmark::DoNotOptimize(events.data());
    }
  }
  per_token(state, state.range(0));
}
BENCHMARK(append_and_read)->Arg(100)->Arg(10'000);

/// A reader that comes when the answer is complete.
void catch_up(benchmark::State& state) {
  stream_log log{any_start()};
  for (std::int64_t i = 0; i < state.range(0); ++i)
    log.append_text(text_kind::content, plain_text);
  for (auto _ : state) {
    std::vector<event> events;
    auto place = *log.at(0);
    log.read(place, max_event_bytes, events);
    benchmark::DoNotOptimize(events.data());
  }
  per_token(state, state.range(0));
}
BENCHMARK(catch_up)->Arg(10'000);

/// All of it: from the bytes of one upstream read to the bytes of one write.
/// The argument is how many events the read brings.
void whole_path(benchmark::State& state) {
  const auto bytes = event_stream(state.range(0));
  wire::sse_parser parser{max_event_bytes};
  stream_log log{any_start()};
  auto place = *log.at(start_event::seq);
  const wire::sse_parser::event_function on_event =
    [&log](const wire::sse_event& each) {
      const auto chunk = wire::parse_completion_chunk(each.data);
      log.append_text(text_kind::content, chunk->content);
    };
  std::string out;
  std::vector<event> events;
  for (auto _ : state) {
    benchmark::DoNotOptimize(parser.feed(bytes, on_event));
    events.clear();
    log.read(place, max_event_bytes, events);
    out.clear();
    for (const auto& each : events)
      wire::append_frame(out, each, wire::sse_dialect::native);
    benchmark::DoNotOptimize(out.data());
  }
  per_token(state, state.range(0));
}
// The log of a stream only grows, so the number of turns is bounded.
BENCHMARK(whole_path)->Arg(1)->Arg(64)->Iterations(20'000);

} // namespace

} // namespace parley::bench

BENCHMARK_MAIN();
