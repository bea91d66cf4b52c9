// The exchange that handlers of a server get.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http/exchange.hpp"
#include "http/router.hpp"

namespace parley::http {

class connection;

class server_exchange final : public exchange {
public:
  server_exchange(std::shared_ptr<connection> connection, http::request request,
                  http::parameters values);
  // Answers 500 when nobody has answered.
  ~server_exchange() override;

  [[nodiscard]] const http::request& request() const override;
  [[nodiscard]] const std::string&
  parameter(std::string_view name) const override;
  void respond(response what) override;
  void fail(const error& what) override;
  [[nodiscard]] std::shared_ptr<event_stream> begin_event_stream(
    std::vector<std::pair<std::string, std::string>> extra_headers) override;
  [[nodiscard]] bool gone() const override;
  void on_gone(std::function<void()> call) override;
  [[nodiscard]] runtime::companion& actor() override;
  [[nodiscard]] boost::asio::io_context& loop() override;
  [[nodiscard]] std::uint32_t loop_index() const override;

  // From the connection: the client is gone before the answer.
  void notify_gone();

private:
  // True once; later answers are a handler's mistake and are dropped.
  [[nodiscard]] bool take_answer();

  std::shared_ptr<connection> connection_;
  http::request request_;
  http::parameters parameters_;
  std::function<void()> on_gone_;
  bool answered_ = false;
};

} // namespace parley::http
