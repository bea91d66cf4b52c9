#include "http/routes/routes.hpp"

namespace parley::http::routes {

void add_all(router& to, const services& with) {
  add_chat(to, with);
  add_streams(to, with);
  add_conversations(to, with);
  add_models(to, with);
  add_cluster(to, with);
  add_operations(to, with);
}

} // namespace parley::http::routes
