// The OpenAPI 3.1 document of all routes; src/http/openapi.json, compiled in.
#pragma once

#include <string_view>

namespace parley::http::routes {

[[nodiscard]] std::string_view openapi_document() noexcept;

} // namespace parley::http::routes
