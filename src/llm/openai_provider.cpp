#include "llm/openai_provider.hpp"

#include <algorithm>
#include <utility>

#include <boost/asio/dispatch.hpp>
#include <boost/asio/post.hpp>

#include "llm/completion_call.hpp"
#include "llm/connection_pool.hpp"
#include "llm/models_call.hpp"
#include "llm/tls_context.hpp"
#include "wire/openai_client.hpp"

namespace parley::llm {

namespace asio = boost::asio;

namespace {

constexpr std::size_t max_key_bytes = 4096;

// A key with a line end would be a header of its own.
bool can_stand_in_header(std::string_view key) {
  return key.size() <= max_key_bytes
         && std::all_of(key.begin(), key.end(),
                        [](char c) { return c > ' ' && c <= '~'; });
}

std::string encode_body(prompt what) {
  wire::completion_request request;
  request.model = std::move(what.model);
  request.sampling = std::move(what.sampling);
  request.extra_json = std::move(what.extra);
  request.messages.reserve(what.messages.size());
  for (auto& one : what.messages)
    request.messages.push_back({one.role, std::move(one.content)});
  return wire::encode_completion_request(request);
}

// What the caller holds: every call is handed to the call's loop, and made at
// once when that is where it comes from.
class upstream_generation final : public generation {
public:
  explicit upstream_generation(std::shared_ptr<upstream_call> call)
    : call_(std::move(call)) {
  }

  ~upstream_generation() override {
    call_->abandon();
    auto& loop = call_->loop();
    asio::dispatch(loop, [call = std::move(call_)] { call->cancel(); });
  }

  void pause() override {
    asio::dispatch(call_->loop(), [call = call_] { call->pause(); });
  }

  void resume() override {
    asio::dispatch(call_->loop(), [call = call_] { call->resume(); });
  }

private:
  std::shared_ptr<upstream_call> call_;
};

} // namespace

result<std::unique_ptr<openai_provider>>
openai_provider::make(const config::settings& settings) {
  auto upstream = parse_base_url(settings.llm.base_url);
  if (!upstream)
    return fail(std::move(upstream.error()));
  if (!can_stand_in_header(settings.llm.api_key.value))
    return fail(errc::invalid_request,
                "The API key holds a blank, a control or a non-ASCII "
                "character, or is too long.",
                "llm.api-key-file");
  std::shared_ptr<const tls_context> tls;
  if (upstream->tls) {
    auto made = tls_context::make(
      {upstream->host, settings.llm.tls_ca_file, settings.llm.tls_verify});
    if (!made)
      return fail(std::move(made.error()));
    tls = std::move(*made);
  }
  return std::unique_ptr<openai_provider>{
    new openai_provider{settings, std::move(*upstream), std::move(tls)}};
}

openai_provider::openai_provider(const config::settings& settings, url upstream,
                                 std::shared_ptr<const tls_context> tls)
  : upstream_(std::move(upstream)),
    tls_(std::move(tls)),
    key_(settings.llm.api_key.value),
    max_idle_(settings.llm.max_idle_connections),
    models_patience_(settings.llm.connect_timeout
                     + settings.llm.first_token_timeout) {
}

openai_provider::~openai_provider() {
  for (auto& pool : pools_)
    asio::dispatch(pool->loop(), [pool] { pool->close(); });
}

std::shared_ptr<connection_pool>
openai_provider::pool_of(asio::io_context& loop) {
  const std::lock_guard guard{pools_mutex_};
  for (const auto& pool : pools_)
    if (&pool->loop() == &loop)
      return pool;
  return pools_.emplace_back(
    std::make_shared<connection_pool>(loop, upstream_, tls_, max_idle_));
}

std::string openai_provider::head_of(std::string_view method,
                                     std::string_view target) const {
  std::string head;
  head += method;
  head += ' ';
  head += upstream_.path;
  head += target;
  head += " HTTP/1.1\r\nHost: " + upstream_.authority()
          + "\r\nUser-Agent: parley\r\n";
  if (!key_.empty())
    head += "Authorization: Bearer " + key_ + "\r\n";
  return head;
}

std::unique_ptr<generation> openai_provider::start(prompt what,
                                                   asio::io_context& loop,
                                                   report_function on_report) {
  const auto body = encode_body(std::move(what));
  auto request = head_of("POST", "/chat/completions");
  request += "Accept: text/event-stream, application/json\r\n"
             "Content-Type: application/json\r\nContent-Length: "
             + std::to_string(body.size()) + "\r\n\r\n";
  request += body;
  auto call = std::make_shared<completion_call>(
    pool_of(loop), std::move(request), key_, std::move(on_report));
  asio::post(loop, [call] { call->start(); });
  return std::make_unique<upstream_generation>(std::move(call));
}

void openai_provider::list_models(asio::io_context& loop,
                                  models_function on_models) {
  auto call = std::make_shared<models_call>(
    pool_of(loop),
    head_of("GET", "/models") + "Accept: application/json\r\n\r\n", key_,
    models_patience_, std::move(on_models));
  asio::post(loop, [call] { call->start_timed(); });
}

} // namespace parley::llm
