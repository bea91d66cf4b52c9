#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "http/reply.hpp"
#include "http/routes/ask.hpp"
#include "http/routes/routes.hpp"
#include "wire/openai_server.hpp"

namespace parley::http::routes {

namespace {

using model_list = std::vector<wire::listed_model>;

// Calls `then(exchange, list)` with what clients may ask for: the `models`
// table where there is one, else what the upstream lists now.
template <class Then>
void list_models(const services& with, const exchange_ptr& exchange,
                 Then then) {
  model_list models;
  for (const auto& entry : with.settings.models)
    models.push_back({entry.name, 0, "parley"});
  if (!models.empty())
    return then(exchange, models);
  with.provider.list_models(
    exchange->loop(),
    [exchange, then](const result<std::vector<llm::model_info>>& found) {
      if (!found)
        return exchange->fail(found.error());
      model_list listed;
      listed.reserve(found->size());
      for (const auto& model : *found)
        listed.push_back({model.id, model.created, model.owned_by});
      then(exchange, listed);
    });
}

void respond_list(const exchange_ptr& to, const model_list& models) {
  to->respond(json_reply(200, wire::encode_model_list(models)));
}

void respond_one(const services& with, const exchange_ptr& exchange,
                 const std::string& id) {
  list_models(
    with, exchange, [id](const exchange_ptr& to, const model_list& models) {
      const auto found = std::find_if(
        models.begin(), models.end(),
        [&id](const wire::listed_model& model) { return model.id == id; });
      if (found != models.end())
        return to->respond(json_reply(200, wire::encode_model(*found)));
      to->fail({errc::model_not_found,
                "This server has no model of that name; GET "
                "/v1/models lists those it has.",
                "model",
                {},
                std::nullopt});
    });
}

} // namespace

void add_models(router& to, const services& with) {
  to.add({method::get, "/v1/models", body_policy::none,
          [with](const exchange_ptr& exchange) {
            list_models(with, exchange, respond_list);
          }});
  // The names of models from hubs hold a slash, which clients send as it is.
  to.add({method::get, "/v1/models/{id*}", body_policy::none,
          [with](const exchange_ptr& exchange) {
            respond_one(with, exchange, exchange->parameter("id"));
          }});
}

} // namespace parley::http::routes
