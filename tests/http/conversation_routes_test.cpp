// Conversations and their messages.
#include <nlohmann/json.hpp>

#include "tests/http/support/world.hpp"

namespace parley::http::test {

namespace {

constexpr auto collection = "/api/v1/conversations";

class conversation_routes : public world {
protected:
  conversation_routes() {
    conv.id = ids.next<conversation_id>();
    conv.title = "a title";
    conv.created_at = timestamp{1'000};
    conv.updated_at = timestamp{2'000};
  }

  std::string path(std::string_view below = {}) const {
    return collection + std::string{"/"} + conv.id.str() + std::string{below};
  }

  [[nodiscard]] caf::result<actors::conversation_view> view() const {
    return actors::conversation_view{conv, std::nullopt};
  }

  conversation conv;
};

nlohmann::json body_of(const fake_exchange& exchange) {
  return nlohmann::json::parse(exchange.answer->body);
}

} // namespace

// -- making, reading, changing, deleting --------------------------------------

TEST_F(conversation_routes, create_answers_201_with_the_place) {
  gateway.create_conversation =
    [this](const actors::create_conversation& what) {
      EXPECT_EQ(what.draft.title, "t");
      EXPECT_EQ(what.draft.system_prompt, "be brief");
      EXPECT_EQ(what.draft.model, "m");
      EXPECT_EQ(what.draft.metadata, (metadata{{"k", "v"}}));
      return view();
    };
  const auto exchange =
    call(method::post, collection,
         R"({"title":"t","system_prompt":"be brief","model":"m",)"
         R"("metadata":{"k":"v"}})");
  ASSERT_TRUE(exchange->answer);
  EXPECT_EQ(exchange->answer->status, 201);
  EXPECT_EQ(header_of(exchange->answer->headers, "Location"), path());
  EXPECT_EQ(body_of(*exchange)["id"], conv.id.str());
}

TEST_F(conversation_routes, create_and_change_refuse_unknown_fields_by_name) {
  for (const auto& exchange :
       {call(method::post, collection, R"({"titel":"t"})"),
        call(method::patch, path(), R"({"titel":"t"})")}) {
    ASSERT_TRUE(exchange->failure);
    EXPECT_EQ(exchange->failure->code, errc::invalid_request);
    EXPECT_EQ(exchange->failure->field, "titel");
  }
}

TEST_F(conversation_routes, get_tells_the_stream_that_runs) {
  const auto running = ids.next<stream_id>();
  gateway.get_conversation = [&](const actors::get_conversation& what) {
    EXPECT_EQ(what.id, conv.id);
    actors::conversation_view found{conv, stream_state{}};
    found.active->id = running;
    found.active->last_seq = 9;
    return caf::result<actors::conversation_view>{found};
  };
  const auto exchange = call(method::get, path());
  ASSERT_TRUE(exchange->answer);
  const auto active = body_of(*exchange)["active_stream"];
  EXPECT_EQ(active["id"], running.str());
  EXPECT_EQ(active["last_seq"], 9);
}

TEST_F(conversation_routes, change_passes_on_what_is_given) {
  gateway.change_conversation =
    [this](const actors::change_conversation& what) {
      EXPECT_EQ(what.id, conv.id);
      EXPECT_EQ(what.patch.title, "new");
      EXPECT_EQ(what.patch.model, "");
      EXPECT_FALSE(what.patch.system_prompt);
      return view();
    };
  const auto exchange =
    call(method::patch, path(), R"({"title":"new","model":null})");
  ASSERT_TRUE(exchange->answer);
  EXPECT_EQ(exchange->answer->status, 200);
}

TEST_F(conversation_routes, delete_answers_204_without_a_body) {
  gateway.delete_conversation = [](const actors::delete_conversation&) {
    return caf::result<void>{};
  };
  const auto exchange = call(method::del, path());
  ASSERT_TRUE(exchange->answer);
  EXPECT_EQ(exchange->answer->status, 204);
  EXPECT_TRUE(exchange->answer->body.empty());
}

TEST_F(conversation_routes, what_is_not_there_is_404) {
  gateway.delete_conversation = [](const actors::delete_conversation&) {
    return caf::result<void>{
      actors::to_caf({errc::conversation_not_found, "no", {}, {}, {}})};
  };
  const auto exchange = call(method::del, path());
  ASSERT_TRUE(exchange->failure);
  EXPECT_EQ(exchange->failure->code, errc::conversation_not_found);
}

TEST_F(conversation_routes, an_id_that_can_be_none_of_ours_is_404_unasked) {
  const std::string bad = collection + std::string{"/conv_"};
  for (const auto& exchange :
       {call(method::get, bad), call(method::patch, bad, "{}"),
        call(method::del, bad), call(method::get, bad + "/messages"),
        call(method::get, bad + "/export")}) {
    ASSERT_TRUE(exchange->failure);
    EXPECT_EQ(exchange->failure->code, errc::conversation_not_found);
  }
}

// -- lists --------------------------------------------------------------------

TEST_F(conversation_routes, list_passes_limit_and_cursor_on) {
  gateway.list_conversations = [this](const actors::list_conversations& what) {
    EXPECT_EQ(what.cursor, "abc");
    EXPECT_EQ(what.limit, 7u);
    return caf::result<actors::conversation_page>{
      actors::conversation_page{{conv}, "next", {}}};
  };
  const auto exchange =
    call(method::get, collection, {}, {}, {{"limit", "7"}, {"cursor", "abc"}});
  ASSERT_TRUE(exchange->answer);
  const auto body = body_of(*exchange);
  EXPECT_EQ(body["data"].size(), 1u);
  EXPECT_EQ(body["data"][0]["active_stream"], nullptr);
  EXPECT_EQ(body["next_cursor"], "next");
}

TEST_F(conversation_routes, list_asks_where_running_streams_stand) {
  actors::conversation_page page;
  for (int i = 0; i < 3; ++i) {
    conv.id = ids.next<conversation_id>();
    if (i > 0)
      conv.active_stream = ids.next<stream_id>();
    page.items.push_back(conv);
  }
  gateway.list_conversations = [&page](const actors::list_conversations&) {
    return caf::result<actors::conversation_page>{page};
  };
  // The last one has ended between the two questions.
  gateway.get_stream_state = [&](const actors::get_stream_state& what) {
    if (what.id == page.items[2].active_stream)
      return caf::result<stream_state>{
        actors::to_caf({errc::stream_not_found, "no", {}, {}, {}})};
    stream_state state;
    state.id = what.id;
    state.status = stream_status::generating;
    state.last_seq = 5;
    return caf::result<stream_state>{state};
  };
  const auto exchange = call(method::get, collection);
  ASSERT_TRUE(exchange->answer);
  const auto data = body_of(*exchange)["data"];
  ASSERT_EQ(data.size(), 3u);
  EXPECT_EQ(data[0]["active_stream"], nullptr);
  EXPECT_EQ(data[1]["active_stream"]["last_seq"], 5);
  EXPECT_EQ(data[2]["active_stream"], nullptr);
}

TEST_F(conversation_routes, lists_refuse_a_bad_limit_and_order) {
  for (const auto& exchange :
       {call(method::get, collection, {}, {}, {{"limit", "0"}}),
        call(method::get, path("/messages"), {}, {}, {{"limit", "101"}}),
        call(method::get, path("/messages"), {}, {}, {{"order", "up"}})}) {
    ASSERT_TRUE(exchange->failure);
    EXPECT_EQ(exchange->failure->code, errc::invalid_request);
  }
}

TEST_F(conversation_routes, a_cursor_that_the_store_refuses_is_told) {
  gateway.list_messages = [](const actors::list_messages& what) {
    EXPECT_EQ(what.cursor, "zzz");
    return caf::result<actors::message_page>{
      actors::to_caf({errc::invalid_cursor, "not a cursor", {}, {}, {}})};
  };
  const auto exchange =
    call(method::get, path("/messages"), {}, {}, {{"cursor", "zzz"}});
  ASSERT_TRUE(exchange->failure);
  EXPECT_EQ(exchange->failure->code, errc::invalid_cursor);
}

TEST_F(conversation_routes, messages_come_in_the_order_asked_for) {
  gateway.list_messages = [this](const actors::list_messages& what) {
    EXPECT_EQ(what.conv, conv.id);
    EXPECT_TRUE(what.descending);
    EXPECT_EQ(what.limit, limits::default_page_size);
    message one;
    one.id = ids.next<message_id>();
    one.conversation = conv.id;
    one.content = "hello";
    return caf::result<actors::message_page>{actors::message_page{{one}, {}}};
  };
  const auto exchange =
    call(method::get, path("/messages"), {}, {}, {{"order", "desc"}});
  ASSERT_TRUE(exchange->answer);
  const auto body = body_of(*exchange);
  EXPECT_EQ(body["data"][0]["content"], "hello");
  EXPECT_EQ(body["next_cursor"], nullptr);
}

// -- export and import --------------------------------------------------------

TEST_F(conversation_routes, an_export_is_a_file_that_import_takes_unchanged) {
  exported_conversation whole;
  whole.conversation = conv;
  message one;
  one.id = ids.next<message_id>();
  one.conversation = conv.id;
  one.content = "hello";
  one.created_at = timestamp{1'500};
  whole.messages.push_back(one);
  whole.conversation.message_count = 1;
  whole.conversation.last_message = one.id;
  gateway.export_conversation = [&](const actors::export_conversation& what) {
    EXPECT_EQ(what.id, conv.id);
    return caf::result<exported_conversation>{whole};
  };
  const auto exported = call(method::get, path("/export"));
  ASSERT_TRUE(exported->answer);
  EXPECT_EQ(exported->answer->content_type, "application/json");
  EXPECT_EQ(header_of(exported->answer->headers, "Content-Disposition"),
            "attachment; filename=\"" + conv.id.str() + ".json\"");

  gateway.import_conversation = [&](const actors::import_conversation& what) {
    EXPECT_EQ(what.what, whole);
    return view();
  };
  const auto imported = call(method::post, collection + std::string{"/import"},
                             exported->answer->body);
  ASSERT_TRUE(imported->answer);
  EXPECT_EQ(imported->answer->status, 201);
  EXPECT_EQ(header_of(imported->answer->headers, "Location"), path());
}

TEST_F(conversation_routes, an_export_for_people_is_markdown) {
  gateway.export_conversation = [this](const actors::export_conversation&) {
    exported_conversation whole;
    whole.conversation = conv;
    return caf::result<exported_conversation>{whole};
  };
  const auto exchange =
    call(method::get, path("/export"), {}, {}, {{"format", "markdown"}});
  ASSERT_TRUE(exchange->answer);
  EXPECT_EQ(exchange->answer->content_type, "text/markdown; charset=utf-8");
  EXPECT_EQ(header_of(exchange->answer->headers, "Content-Disposition"),
            "attachment; filename=\"" + conv.id.str() + ".md\"");
  EXPECT_NE(exchange->answer->body.find("a title"), std::string::npos);
}

TEST_F(conversation_routes, an_import_of_ids_in_use_is_refused) {
  gateway.import_conversation = [](const actors::import_conversation&) {
    return caf::result<actors::conversation_view>{
      actors::to_caf({errc::id_in_use, "it is there", {}, {}, {}})};
  };
  gateway.export_conversation = [this](const actors::export_conversation&) {
    exported_conversation whole;
    whole.conversation = conv;
    return caf::result<exported_conversation>{whole};
  };
  const auto file = call(method::get, path("/export"))->answer->body;
  const auto exchange =
    call(method::post, collection + std::string{"/import"}, file);
  ASSERT_TRUE(exchange->failure);
  EXPECT_EQ(exchange->failure->code, errc::id_in_use);
}

} // namespace parley::http::test
