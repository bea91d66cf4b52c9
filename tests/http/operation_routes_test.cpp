// What operators and OpenAI's clients ask besides chatting.
#include <set>
#include <string>

#include <nlohmann/json.hpp>

#include "http/routes/openapi.hpp"
#include "tests/http/support/world.hpp"

namespace parley::http::test {

namespace {

class operation_routes : public world {};
class model_routes : public world {};
class openapi : public world {};

nlohmann::json body_of(const fake_exchange& exchange) {
  return nlohmann::json::parse(exchange.answer->body);
}

} // namespace

// -- operations ---------------------------------------------------------------

TEST_F(operation_routes, healthz_answers_without_asking_anyone) {
  const auto exchange = call_only(method::get, "/healthz");
  ASSERT_TRUE(exchange->answer);
  EXPECT_EQ(exchange->answer->status, 200);
}

TEST_F(operation_routes, readyz_says_yes_when_the_node_takes_work) {
  gateway.get_node_status = [](const actors::get_node_status&) {
    return caf::result<actors::node_status>{actors::node_status{true, {}}};
  };
  const auto exchange = call(method::get, "/readyz");
  ASSERT_TRUE(exchange->answer);
  EXPECT_EQ(exchange->answer->status, 200);
  EXPECT_EQ(body_of(*exchange)["status"], "ready");
}

TEST_F(operation_routes, readyz_tells_why_it_does_not) {
  gateway.get_node_status = [](const actors::get_node_status&) {
    return caf::result<actors::node_status>{
      actors::node_status{false, {"the disk is \"full\"", "draining"}}};
  };
  const auto exchange = call(method::get, "/readyz");
  ASSERT_TRUE(exchange->answer);
  EXPECT_EQ(exchange->answer->status, 503);
  EXPECT_EQ(header_of(exchange->answer->headers, "Retry-After"), "5");
  EXPECT_EQ(body_of(*exchange)["reasons"],
            (nlohmann::json{"the disk is \"full\"", "draining"}));
}

TEST_F(operation_routes, readyz_is_a_no_when_nobody_can_tell) {
  gateway.get_node_status = [](const actors::get_node_status&) {
    return caf::result<actors::node_status>{
      actors::to_caf({errc::storage_failed, "no disk", {}, {}, {}})};
  };
  const auto exchange = call(method::get, "/readyz");
  ASSERT_TRUE(exchange->answer);
  EXPECT_EQ(exchange->answer->status, 503);
  EXPECT_EQ(body_of(*exchange)["reasons"], nlohmann::json{"no disk"});
}

TEST_F(operation_routes, metrics_are_prometheus_text) {
  metrics.subscribers->inc();
  const auto exchange = call_only(method::get, "/metrics");
  ASSERT_TRUE(exchange->answer);
  EXPECT_TRUE(
    exchange->answer->content_type.starts_with("text/plain; version=0.0.4"));
  EXPECT_NE(exchange->answer->body.find("subscribers"), std::string::npos);
}

TEST_F(operation_routes, version_tells_ours_and_cafs) {
  const auto exchange = call_only(method::get, "/version");
  ASSERT_TRUE(exchange->answer);
  const auto body = body_of(*exchange);
  EXPECT_EQ(body["name"], "parley");
  const auto document = nlohmann::json::parse(routes::openapi_document());
  EXPECT_EQ(body["version"], document["info"]["version"]);
  EXPECT_TRUE(body["caf_version"].is_string());
}

// -- models -------------------------------------------------------------------

TEST_F(model_routes, list_what_the_upstream_lists) {
  provider.models = {{"big", 5, "them"}, {"org/small", 0, ""}};
  const auto body = body_of(*call(method::get, "/v1/models"));
  EXPECT_EQ(body["object"], "list");
  ASSERT_EQ(body["data"].size(), 2u);
  EXPECT_EQ(body["data"][0]["id"], "big");
  EXPECT_EQ(body["data"][0]["object"], "model");
  EXPECT_EQ(body["data"][0]["created"], 5);
}

TEST_F(model_routes, list_the_configured_table_where_there_is_one) {
  settings.models = {{"fast", "big-model-7b"}, {"good", ""}};
  const auto body = body_of(*call(method::get, "/v1/models"));
  ASSERT_EQ(body["data"].size(), 2u);
  EXPECT_EQ(body["data"][0]["id"], "fast");
  EXPECT_EQ(provider.listed, 0);
}

TEST_F(model_routes, one_model_may_have_a_slash_in_its_name) {
  provider.models = {{"big", 5, "them"}, {"org/small", 0, ""}};
  EXPECT_EQ(body_of(*call(method::get, "/v1/models/big"))["id"], "big");
  EXPECT_EQ(body_of(*call(method::get, "/v1/models/org/small"))["id"],
            "org/small");
}

TEST_F(model_routes, a_model_that_is_not_listed_is_not_found) {
  const auto exchange = call(method::get, "/v1/models/other");
  ASSERT_TRUE(exchange->failure);
  EXPECT_EQ(exchange->failure->code, errc::model_not_found);
}

TEST_F(model_routes, an_upstream_that_fails_is_told) {
  provider.models = fail(errc::upstream_unreachable, "nobody is there");
  const auto exchange = call(method::get, "/v1/models");
  ASSERT_TRUE(exchange->failure);
  EXPECT_EQ(exchange->failure->code, errc::upstream_unreachable);
}

// -- the description of it all ------------------------------------------------

namespace {

std::string_view name_of(method what) {
  switch (what) {
  case method::get:
    return "get";
  case method::post:
    return "post";
  case method::patch:
    return "patch";
  case method::del:
    return "delete";
  default:
    return "none of ours";
  }
}

// `{name*}` takes slashes, which OpenAPI has no word for.
std::string path_of(std::string pattern) {
  if (const auto star = pattern.find("*}"); star != std::string::npos)
    pattern.erase(star, 1);
  return pattern;
}

void collect_references(const nlohmann::json& node,
                        std::set<std::string>& found) {
  if (node.is_object() && node.contains("$ref"))
    found.insert(node["$ref"].get<std::string>());
  if (node.is_structured())
    for (const auto& child : node)
      collect_references(child, found);
}

} // namespace

TEST_F(openapi, lists_every_route_and_no_other) {
  std::set<std::string> registered;
  routes.for_each([&registered](const route& one) {
    registered.insert(std::string{name_of(one.method)} + " "
                      + path_of(one.pattern));
  });
  std::set<std::string> described;
  const auto document = nlohmann::json::parse(routes::openapi_document());
  for (const auto& [path, operations] : document["paths"].items())
    for (const auto& [name, operation] : operations.items())
      if (name != "parameters")
        described.insert(name + " " + path);
  EXPECT_EQ(registered, described);
}

TEST_F(openapi, has_no_reference_to_nowhere_and_nothing_unused) {
  const auto document = nlohmann::json::parse(routes::openapi_document());
  std::set<std::string> used;
  collect_references(document, used);
  std::set<std::string> defined;
  for (const auto& [kind, entries] : document["components"].items())
    for (const auto& [name, entry] : entries.items())
      defined.insert("#/components/" + kind + "/" + name);
  EXPECT_EQ(used, defined);
}

TEST_F(openapi, names_each_operation_once) {
  std::set<std::string> names;
  std::size_t operations = 0;
  const auto document = nlohmann::json::parse(routes::openapi_document());
  for (const auto& path : document["paths"])
    for (const auto& [name, operation] : path.items())
      if (name != "parameters") {
        ++operations;
        names.insert(operation["operationId"].get<std::string>());
        EXPECT_FALSE(operation["responses"].empty());
      }
  EXPECT_EQ(names.size(), operations);
}

TEST_F(openapi, is_served) {
  const auto exchange = call_only(method::get, "/openapi.json");
  ASSERT_TRUE(exchange->answer);
  EXPECT_EQ(exchange->answer->body, routes::openapi_document());
}

} // namespace parley::http::test
