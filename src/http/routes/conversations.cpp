#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "http/reply.hpp"
#include "http/routes/ask.hpp"
#include "http/routes/parameters.hpp"
#include "http/routes/routes.hpp"
#include "wire/conversation_export.hpp"
#include "wire/conversation_json.hpp"

namespace parley::http::routes {

namespace {

constexpr std::string_view collection = "/api/v1/conversations";

std::string path_of(const conversation_id& id) {
  return std::string{collection} + "/" + id.str();
}

// -- answers ------------------------------------------------------------------

std::string encode(const actors::conversation_view& view) {
  std::optional<wire::active_stream> active;
  if (view.active)
    active = wire::active_stream{view.active->id, view.active->last_seq};
  return wire::encode_conversation(view.conv, active);
}

void respond_view(const exchange_ptr& to,
                  const actors::conversation_view& view) {
  to->respond(json_reply(200, encode(view)));
}

void respond_created(const exchange_ptr& to,
                     const actors::conversation_view& view) {
  to->respond(
    json_reply(201, encode(view), {{"Location", path_of(view.conv.id)}}));
}

// Calls `then` with the id in the path, or fails the exchange.
template <class Then>
void with_conversation(const exchange_ptr& exchange, Then then) {
  const auto id = conversation_from_path(exchange->parameter("id"));
  if (id)
    then(*id);
  else
    exchange->fail(id.error());
}

// -- POST /api/v1/conversations, POST …/import --------------------------------

void create(const services& with, const exchange_ptr& exchange) {
  auto parsed = wire::parse_new_conversation(exchange->request().body);
  if (!parsed)
    return exchange->fail(parsed.error());
  conversation draft;
  draft.title = std::move(parsed->title);
  draft.system_prompt = std::move(parsed->system_prompt);
  draft.model = std::move(parsed->model);
  draft.metadata = std::move(parsed->metadata);
  ask<actors::conversation_view>(with.gateway, exchange,
                                 actors::create_conversation{std::move(draft)},
                                 respond_created);
}

void import_whole(const services& with, const exchange_ptr& exchange) {
  auto parsed = wire::parse_import(exchange->request().body);
  if (!parsed)
    return exchange->fail(parsed.error());
  ask<actors::conversation_view>(
    with.gateway, exchange, actors::import_conversation{*std::move(parsed)},
    respond_created);
}

// -- GET /api/v1/conversations ------------------------------------------------

// A page on its way to the client: for each conversation that is answering
// right now, the stream's place is still asked for.
struct open_page {
  exchange_ptr to;
  std::vector<wire::conversation_view> items;
  std::string next_cursor;
  std::vector<std::string> missing_nodes;
  std::size_t missing = 0;

  void answer_when_whole() {
    if (missing > 0)
      return;
    header_list headers;
    for (const auto& name : missing_nodes)
      headers.emplace_back("X-Missing-Node", name);
    to->respond(json_reply(200,
                           wire::encode_conversation_page(items, next_cursor),
                           std::move(headers)));
  }
};

void look_up_place(const actors::gateway_actor& gateway,
                   const std::shared_ptr<open_page>& page, std::size_t index,
                   const stream_id& stream) {
  page->to->actor()
    .request(gateway, limits::actor_request_timeout,
             actors::get_stream_state{stream})
    .then(
      [page, index](const stream_state& state) {
        if (!is_terminal(state.status))
          page->items[index].active =
            wire::active_stream{state.id, state.last_seq};
        --page->missing;
        page->answer_when_whole();
      },
      // The stream may have ended or its node be gone; the list is still good.
      [page](const caf::error&) {
        --page->missing;
        page->answer_when_whole();
      });
}

void respond_page(const actors::gateway_actor& gateway, const exchange_ptr& to,
                  const actors::conversation_page& found) {
  auto page = std::make_shared<open_page>();
  page->to = to;
  page->next_cursor = found.next_cursor;
  page->missing_nodes = found.missing_nodes;
  page->items.reserve(found.items.size());
  for (const auto& item : found.items) {
    page->items.push_back({item, std::nullopt});
    if (!item.active_stream.empty())
      ++page->missing;
  }
  for (std::size_t i = 0; i < found.items.size(); ++i)
    if (const auto& stream = found.items[i].active_stream; !stream.empty())
      look_up_place(gateway, page, i, stream);
  page->answer_when_whole();
}

void list(const services& with, const exchange_ptr& exchange) {
  const auto limit = page_limit(exchange->request());
  if (!limit)
    return exchange->fail(limit.error());
  ask<actors::conversation_page>(
    with.gateway, exchange,
    actors::list_conversations{page_cursor(exchange->request()), *limit},
    [gateway = with.gateway](const exchange_ptr& to,
                             const actors::conversation_page& found) {
      respond_page(gateway, to, found);
    });
}

// -- /api/v1/conversations/{id} -----------------------------------------------

void get(const services& with, const exchange_ptr& exchange) {
  with_conversation(exchange, [&with, &exchange](const conversation_id& id) {
    ask<actors::conversation_view>(with.gateway, exchange,
                                   actors::get_conversation{id}, respond_view);
  });
}

void change(const services& with, const exchange_ptr& exchange) {
  with_conversation(exchange, [&with, &exchange](const conversation_id& id) {
    auto patch = wire::parse_conversation_patch(exchange->request().body);
    if (!patch)
      return exchange->fail(patch.error());
    ask<actors::conversation_view>(
      with.gateway, exchange,
      actors::change_conversation{id, *std::move(patch)}, respond_view);
  });
}

void remove(const services& with, const exchange_ptr& exchange) {
  with_conversation(exchange, [&with, &exchange](const conversation_id& id) {
    ask<void>(with.gateway, exchange, actors::delete_conversation{id},
              [](const exchange_ptr& to) { to->respond(no_content()); });
  });
}

void list_messages(const services& with, const exchange_ptr& exchange) {
  const auto& request = exchange->request();
  const auto limit = page_limit(request);
  if (!limit)
    return exchange->fail(limit.error());
  const auto descending = descending_order(request);
  if (!descending)
    return exchange->fail(descending.error());
  with_conversation(exchange, [&](const conversation_id& id) {
    ask<actors::message_page>(
      with.gateway, exchange,
      actors::list_messages{id, page_cursor(request), *limit, *descending},
      [](const exchange_ptr& to, const actors::message_page& page) {
        to->respond(json_reply(
          200, wire::encode_message_page(page.items, page.next_cursor)));
      });
  });
}

// -- GET /api/v1/conversations/{id}/export ------------------------------------

void respond_export(http::exchange& to, export_format format,
                    const exported_conversation& what) {
  const auto markdown = format == export_format::markdown;
  const auto file = what.conversation.id.str() + (markdown ? ".md" : ".json");
  to.respond(
    reply(200, markdown ? "text/markdown; charset=utf-8" : "application/json",
          markdown ? wire::encode_markdown(what) : wire::encode_export(what),
          {{"Content-Disposition", "attachment; filename=\"" + file + "\""}}));
}

void export_whole(const services& with, const exchange_ptr& exchange) {
  const auto format = format_of_export(exchange->request());
  if (!format)
    return exchange->fail(format.error());
  with_conversation(exchange, [&](const conversation_id& id) {
    ask<exported_conversation>(
      with.gateway, exchange, actors::export_conversation{id},
      [chosen = *format](const exchange_ptr& to,
                         const exported_conversation& what) {
        respond_export(*to, chosen, what);
      });
  });
}

} // namespace

void add_conversations(router& to, const services& with) {
  using action = void (*)(const services&, const exchange_ptr&);
  const auto add = [&to, &with](method on, const std::string& below,
                                body_policy body, action act) {
    to.add({on, std::string{collection} + below, body,
            [with, act](const exchange_ptr& exchange) {
              act(with, exchange);
            }});
  };
  add(method::post, "", body_policy::json, create);
  add(method::get, "", body_policy::none, list);
  add(method::post, "/import", body_policy::json, import_whole);
  add(method::get, "/{id}", body_policy::none, get);
  add(method::patch, "/{id}", body_policy::json, change);
  add(method::del, "/{id}", body_policy::none, remove);
  add(method::get, "/{id}/messages", body_policy::none, list_messages);
  add(method::get, "/{id}/export", body_policy::none, export_whole);
}

} // namespace parley::http::routes
