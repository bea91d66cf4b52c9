// Certificates that are made when the test runs.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <boost/asio/ssl/context.hpp>

namespace parley::llm::test {

struct certificate {
  std::string certificate_pem;
  std::string key_pem;
};

// Signed by itself; may sign others.
[[nodiscard]] certificate make_authority();

// For `names` ("DNS:localhost", "IP:127.0.0.1"), signed by `authority`.
// `days`: how long it is valid from now; negative: it has expired.
[[nodiscard]] certificate make_certificate(const certificate& authority,
                                           const std::string& names,
                                           int days = 1);

// A server's side with that certificate.
[[nodiscard]] boost::asio::ssl::context server_context(const certificate& own);

// A file that is removed with the object.
class temporary_file {
public:
  explicit temporary_file(const std::string& content);
  ~temporary_file();
  temporary_file(const temporary_file&) = delete;
  temporary_file& operator=(const temporary_file&) = delete;

  [[nodiscard]] std::string path() const {
    return path_.string();
  }

private:
  std::filesystem::path path_;
};

} // namespace parley::llm::test
