#include "app/node_identity.hpp"

#include <charconv>
#include <optional>
#include <random>

#include <boost/asio/ip/host_name.hpp>

namespace parley::app {

namespace {

constexpr std::string_view name_key = "node.name";
constexpr std::string_view tag_key = "node.tag";

std::optional<node_tag> parse_tag(const std::string& text) {
  std::uint32_t value = 0;
  const auto* end = text.data() + text.size();
  auto [rest, code] = std::from_chars(text.data(), end, value);
  if (code != std::errc{} || rest != end || value > node_tag::max)
    return std::nullopt;
  return node_tag{value};
}

result<node_tag> load_tag(storage::store& store) {
  auto kept = store.get_meta(tag_key);
  if (!kept)
    return fail(std::move(kept.error()));
  if (*kept) {
    if (auto tag = parse_tag(**kept))
      return *tag;
    return fail(errc::storage_failed,
                "the data folder's node.tag is not a tag: " + **kept);
  }
  std::uniform_int_distribution<std::uint32_t> any(0, node_tag::max);
  std::random_device source;
  node_tag made{any(source)};
  if (auto put = store.put_meta(tag_key, std::to_string(made.value)); !put)
    return fail(std::move(put.error()));
  return made;
}

} // namespace

std::string host_name() {
  boost::system::error_code code;
  auto name = boost::asio::ip::host_name(code);
  return code || name.empty() ? "parley" : name;
}

result<node_identity> load_identity(storage::store& store,
                                    const std::string& wanted_name) {
  auto tag = load_tag(store);
  if (!tag)
    return fail(std::move(tag.error()));
  auto kept = store.get_meta(name_key);
  if (!kept)
    return fail(std::move(kept.error()));
  auto name = !wanted_name.empty() ? wanted_name : *kept ? **kept : host_name();
  if (!*kept || **kept != name)
    if (auto put = store.put_meta(name_key, name); !put)
      return fail(std::move(put.error()));
  return node_identity{std::move(name), *tag};
}

} // namespace parley::app
