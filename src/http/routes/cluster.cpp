#include <string>
#include <utility>

#include "http/reply.hpp"
#include "http/routes/ask.hpp"
#include "http/routes/routes.hpp"
#include "wire/json_writer.hpp"

namespace parley::http::routes {

namespace {

// -- GET /api/v1/cluster ------------------------------------------------------

std::string_view status_of(const actors::member_state& member) {
  if (member.status == actors::member_status::down)
    return "down";
  return member.draining ? "draining" : "up";
}

void encode_member(wire::json_writer& out, const actors::member_state& what) {
  out.begin_object();
  out.key("name").string(what.info.name);
  out.key("status").string(status_of(what));
  out.key("self").boolean(what.self);
  out.key("address").string(what.info.host + ":"
                            + std::to_string(what.info.port));
  // Of a node that was not up since this one started nothing more is known.
  out.key("version");
  if (what.info.version.empty())
    out.null();
  else
    out.string(what.info.version);
  out.key("streams").number(what.streams);
  out.key("sees").begin_array();
  for (const auto& name : what.sees)
    out.string(name);
  out.end_array().end_object();
}

std::string encode_cluster(const actors::cluster_view& what) {
  std::string body;
  wire::json_writer out{body};
  out.begin_object();
  out.key("nodes").begin_array();
  for (const auto& member : what.members)
    encode_member(out, member);
  out.end_array().end_object();
  return body;
}

void show_cluster(const services& with, const exchange_ptr& exchange) {
  if (!with.peer)
    return exchange->respond(
      json_reply(200, encode_cluster(actors::cluster_view{})));
  exchange->actor()
    .request(with.peer, limits::actor_request_timeout, actors::get_cluster{})
    .then(
      [exchange](const actors::cluster_view& what) {
        exchange->respond(json_reply(200, encode_cluster(what)));
      },
      [exchange](const caf::error& why) {
        exchange->fail(actors::to_error(why));
      });
}

} // namespace

void add_cluster(router& to, const services& with) {
  to.add({method::get, "/api/v1/cluster", body_policy::none,
          [with](const exchange_ptr& exchange) {
            show_cluster(with, exchange);
          }});
}

} // namespace parley::http::routes
