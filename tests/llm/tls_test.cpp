#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "llm/openai_provider.hpp"
#include "tests/llm/openai_fixture.hpp"
#include "tests/llm/test_certificates.hpp"

namespace parley::llm {

namespace {

using namespace test;
using testing::HasSubstr;

const std::string hello =
  chunked_stream({content_event("Hello"), finish_event(), done_event_frame()});

struct tls : testing::Test {
  boost::asio::io_context loop;
  certificate authority = make_authority();
  temporary_file ca_file{authority.certificate_pem};

  // Asks a server that shows `shown`, under the name `host`.
  ear ask(const certificate& shown, const std::string& host,
          const std::string& ca, bool verify = true, int times = 1) {
    auto context = server_context(shown);
    raw_server server{loop, &context};
    server.on_request = [](peer& from, const std::string&) {
      from.send(hello);
    };
    config::settings settings;
    settings.llm.base_url = server.base_url(host);
    settings.llm.tls_ca_file = ca;
    settings.llm.tls_verify = verify;
    auto model = openai_provider::make(settings);
    EXPECT_TRUE(model);
    ear heard;
    for (int i = 0; i < times; ++i) {
      heard = {};
      const auto run = (*model)->start(asked("Hi"), loop, heard.function());
      run_until(loop, [&heard] { return heard.ended(); });
      run_ready(loop);
    }
    connections = server.peers.size();
    return heard;
  }

  std::size_t connections = 0;
};

} // namespace

TEST_F(tls, reaches_a_server_whose_name_is_certified) {
  const auto own = make_certificate(authority, "DNS:localhost");
  EXPECT_EQ(ask(own, "localhost", ca_file.path()).content, "Hello");
}

TEST_F(tls, reaches_a_server_whose_address_is_certified) {
  const auto own = make_certificate(authority, "IP:127.0.0.1");
  EXPECT_EQ(ask(own, "127.0.0.1", ca_file.path()).content, "Hello");
}

TEST_F(tls, keeps_connections_alive) {
  const auto own = make_certificate(authority, "IP:127.0.0.1");
  EXPECT_EQ(ask(own, "127.0.0.1", ca_file.path(), true, 4).content, "Hello");
  EXPECT_EQ(connections, 1u);
}

TEST_F(tls, a_new_connection_goes_on_with_the_last_session) {
  const auto own = make_certificate(authority, "IP:127.0.0.1");
  auto context = server_context(own);
  raw_server server{loop, &context};
  server.on_request = [](peer& from, const std::string&) {
    from.send(hello);
  };
  config::settings settings;
  settings.llm.base_url = server.base_url();
  settings.llm.tls_ca_file = ca_file.path();
  settings.llm.max_idle_connections = 0;
  auto model = openai_provider::make(settings);
  for (int i = 0; i < 3; ++i) {
    ear heard;
    const auto run = (*model)->start(asked("Hi"), loop, heard.function());
    run_until(loop, [&heard] { return heard.ended(); });
    EXPECT_EQ(heard.content, "Hello");
  }
  ASSERT_EQ(server.peers.size(), 3u);
  EXPECT_FALSE(server.peers[0]->resumed());
  EXPECT_TRUE(server.peers[1]->resumed());
  EXPECT_TRUE(server.peers[2]->resumed());
}

TEST_F(tls, refuses_a_certificate_for_another_name) {
  for (const auto* names :
       {"DNS:example.org", "IP:127.0.0.2", "DNS:127.0.0.1"}) {
    const auto heard =
      ask(make_certificate(authority, names), "127.0.0.1", ca_file.path());
    ASSERT_TRUE(heard.failure) << names;
    EXPECT_EQ(heard.failure->why.code, errc::upstream_unreachable);
    EXPECT_EQ(heard.connects, 0);
    EXPECT_THAT(heard.failure->why.detail, HasSubstr("mismatch"));
  }
}

TEST_F(tls, refuses_a_certificate_that_nobody_vouches_for) {
  const auto other = make_authority();
  const auto heard =
    ask(make_certificate(other, "IP:127.0.0.1"), "127.0.0.1", ca_file.path());
  ASSERT_TRUE(heard.failure);
  EXPECT_EQ(heard.failure->why.code, errc::upstream_unreachable);
  EXPECT_THAT(heard.failure->why.detail, HasSubstr("certificate"));
}

TEST_F(tls, refuses_a_self_signed_certificate_under_the_system_s_authorities) {
  const auto heard = ask(make_authority(), "127.0.0.1", "");
  ASSERT_TRUE(heard.failure);
  EXPECT_EQ(heard.failure->why.code, errc::upstream_unreachable);
}

TEST_F(tls, refuses_a_certificate_that_has_expired) {
  const auto heard = ask(make_certificate(authority, "IP:127.0.0.1", -1),
                         "127.0.0.1", ca_file.path());
  ASSERT_TRUE(heard.failure);
  EXPECT_THAT(heard.failure->why.detail, HasSubstr("expired"));
}

TEST_F(tls, believes_everything_where_it_is_told_to) {
  const auto own = make_certificate(make_authority(), "DNS:example.org");
  EXPECT_EQ(ask(own, "127.0.0.1", "", false).content, "Hello");
}

TEST_F(tls, says_when_the_other_side_speaks_no_tls) {
  raw_server server{loop};
  server.on_request = [](peer&, const std::string&) {
  };
  config::settings settings;
  settings.llm.base_url = "https://127.0.0.1:" + std::to_string(server.port());
  auto model = openai_provider::make(settings);
  ASSERT_TRUE(model);
  ear heard;
  const auto run = (*model)->start(asked("Hi"), loop, heard.function());
  run_until(loop, [&server] {
    return !server.peers.empty() && !server.peers[0]->received.empty();
  });
  server.peers[0]->send("HTTP/1.1 400 Bad Request\r\n\r\n");
  run_until(loop, [&heard] { return heard.ended(); });
  ASSERT_TRUE(heard.failure);
  EXPECT_EQ(heard.failure->why.code, errc::upstream_unreachable);
}

TEST_F(tls, cancelling_a_handshake_closes_the_connection) {
  raw_server server{loop};
  config::settings settings;
  settings.llm.base_url = "https://127.0.0.1:" + std::to_string(server.port());
  auto model = openai_provider::make(settings);
  ear heard;
  auto run = (*model)->start(asked("Hi"), loop, heard.function());
  run_until(loop, [&server] {
    return !server.peers.empty() && !server.peers[0]->received.empty();
  });
  run.reset();
  run_until(loop, [&server] { return server.peers[0]->client_gone; });
  EXPECT_TRUE(heard.reports.empty());
}

TEST_F(tls, a_long_answer_arrives_whole) {
  const auto own = make_certificate(authority, "IP:127.0.0.1");
  auto context = server_context(own);
  raw_server server{loop, &context};
  constexpr std::size_t size = 3'000'000;
  server.on_request = [](peer& from, const std::string&) {
    std::string all = stream_head();
    for (std::size_t i = 0; i < size / 1000; ++i)
      all += chunk(content_event(std::string(1000, 'x')));
    from.send(all + chunk(finish_event()) + last_chunk());
  };
  config::settings settings;
  settings.llm.base_url = server.base_url();
  settings.llm.tls_ca_file = ca_file.path();
  auto model = openai_provider::make(settings);
  ear heard;
  const auto run =
    (*model)->start(asked(std::string(2'000'000, 'p')), loop, heard.function());
  run_until(loop, [&heard] { return heard.ended(); });
  EXPECT_TRUE(heard.finish);
  EXPECT_EQ(heard.content.size(), size);
}

TEST(tls_settings, a_file_without_certificates_is_refused) {
  const temporary_file empty{"no certificate"};
  for (const auto& path : {empty.path(), std::string{"/does/not/exist"}}) {
    config::settings settings;
    settings.llm.base_url = "https://localhost";
    settings.llm.tls_ca_file = path;
    const auto made = openai_provider::make(settings);
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().field, "llm.tls-ca-file");
  }
}

} // namespace parley::llm
