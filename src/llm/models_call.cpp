#include "llm/models_call.hpp"

#include <utility>

#include "llm/upstream_failure.hpp"
#include "wire/openai_client.hpp"

namespace parley::llm {

namespace {

result<std::vector<model_info>> models_in(std::string_view body) {
  auto listed = wire::parse_model_list(body);
  if (!listed)
    return fail(std::move(listed.error()));
  std::vector<model_info> models;
  models.reserve(listed->size());
  for (auto& one : *listed)
    models.push_back({std::move(one.id), one.created, std::move(one.owned_by)});
  return models;
}

} // namespace

models_call::models_call(std::shared_ptr<connection_pool> pool,
                         std::string request, std::string secret,
                         std::chrono::milliseconds patience,
                         provider::models_function on_models)
  : upstream_call(std::move(pool), std::move(request)),
    secret_(std::move(secret)),
    patience_(patience),
    on_models_(std::move(on_models)) {
}

void models_call::start_timed() {
  set_deadline(patience_);
  start();
}

void models_call::on_head(const response_head& head) {
  head_ = head;
}

void models_call::on_body(std::string_view bytes) {
  too_long_ |= bytes.size() > max_body_bytes - body_.size();
  if (!too_long_)
    body_ += bytes;
}

void models_call::on_read_end() {
  if (!too_long_)
    return;
  end();
  answer(fail(errc::upstream_protocol,
              "The upstream's list of models is too long."));
}

void models_call::on_complete() {
  if (head_.status < 200 || head_.status > 299)
    answer(
      fail(failure_of(head_, body_, std::chrono::system_clock::now()).why));
  else if (too_long_)
    answer(fail(errc::upstream_protocol,
                "The upstream's list of models is too long."));
  else
    answer(models_in(body_));
}

void models_call::on_cut(bool) {
  answer(fail(errc::upstream_interrupted,
              "The upstream closed the connection before it had listed its "
              "models."));
}

void models_call::on_failed(error why) {
  answer(fail(std::move(why)));
}

void models_call::on_deadline() {
  end();
  answer(fail(errc::upstream_timeout,
              "The upstream did not list its models in time."));
}

void models_call::answer(result<std::vector<model_info>> what) {
  if (!what)
    mask_secret(what.error().detail, secret_);
  auto tell = std::exchange(on_models_, nullptr);
  tell(std::move(what));
}

} // namespace parley::llm
