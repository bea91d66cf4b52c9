// The settings of one process, typed and validated. `config/options.cpp` holds
// the table that they are read from: name, type, default, bounds, help.
// Immutable once loaded; shared by reference between all threads.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace parley::config {

using milliseconds = std::chrono::milliseconds;

// A secret. Prints as `***` wherever settings are printed.
struct secret {
  std::string value;

  [[nodiscard]] bool empty() const noexcept {
    return value.empty();
  }
};

// host:port, as `http.listen` takes it; IPv6 in brackets. Port 0: the system
// chooses.
struct endpoint {
  std::string host;
  std::uint16_t port = 0;
};

enum class durability {
  accepted, // accept and finish are synced to disk
  strict,   // a token leaves only after it is synced
  os,       // nothing is synced; survives the process, not the machine
};

enum class disconnect_default { keep, cancel, cancel_after };

enum class log_format { text, json };

enum class log_level { trace, debug, info, warn, error };

// One entry of the `models` table: a name that clients may ask for.
struct model_entry {
  std::string name;     // as GET /v1/models lists it
  std::string upstream; // the upstream's name for it; empty: the same
};

struct settings {
  std::string config_file;
  std::string data_dir = "./parley-data";

  struct {
    endpoint listen{"127.0.0.1", 8080};
    milliseconds header_timeout{10'000};     // whole header
    milliseconds body_timeout{30'000};       // whole body
    milliseconds keep_alive_timeout{75'000}; // idle between requests
    std::vector<std::string> cors_origins;   // "*": any
    std::size_t max_connections = 20'000;
    bool compress_json = true; // gzip above 1 KB, where the client accepts it
    bool compress_sse = false; // gzip of event streams, flushed per frame
  } http;

  struct {
    std::string base_url; // empty: the built-in model
    std::string model;    // empty: the upstream's first
    std::string api_key_file;
    secret api_key; // from PARLEY_LLM_API_KEY, or read from the file
    milliseconds connect_timeout{5'000};
    milliseconds first_token_timeout{60'000};
    milliseconds idle_timeout{120'000};
    milliseconds total_timeout{15 * 60'000};
    std::uint64_t max_context_chars = 100'000; // of history, code points
    std::vector<std::string> fallback_models;
    std::uint32_t max_attempts = 3; // the first one included
    milliseconds retry_base_delay{250};
    milliseconds retry_max_delay{8'000};
    milliseconds retry_budget{30'000}; // from the first attempt's start
    // Ends an answer that trickles; 0: off.
    double min_chars_per_second = 0;
    milliseconds min_chars_window{30'000};
    std::size_t max_idle_connections = 64; // kept alive per event loop
    bool tls_verify = true;
    std::string tls_ca_file; // empty: the system's
  } llm;

  std::vector<model_entry> models; // empty: whatever the upstream lists

  struct {
    milliseconds word_delay{25}; // 0: as fast as it can
  } eliza;

  struct {
    std::uint64_t max_message_chars = 32'000;
    std::uint64_t max_response_chars = 4'000;
    std::uint64_t max_completion_chars = 0; // 0: none
    std::uint64_t max_body_bytes = 1024 * 1024;
    std::uint64_t max_streams = 10'000; // in flight at once, on this node
  } limits;

  struct {
    milliseconds heartbeat{15'000};
    milliseconds write_timeout{30'000};
  } sse;

  struct {
    milliseconds retention{24 * 3'600'000};
    milliseconds flush_interval{20};
    disconnect_default on_disconnect = disconnect_default::cancel_after;
    milliseconds cancel_after{30'000};
  } streams;

  struct {
    milliseconds ttl{24 * 3'600'000};
  } idempotency;

  struct {
    config::durability durability = config::durability::accepted;
  } storage;

  struct {
    milliseconds grace{30'000};
  } shutdown;

  struct {
    std::string name; // empty: the host name, or what the data folder keeps
  } node;

  struct {
    std::optional<endpoint> listen; // none: no cluster
    std::optional<endpoint> advertise;
    std::vector<endpoint> seeds;
    milliseconds failure_timeout{5'000};
    bool insecure = false;
    std::string tls_cert_file;
    std::string tls_key_file;
    std::string tls_ca_file;
  } cluster;

  struct {
    log_level level = log_level::info;
    log_format format = log_format::text;
  } log;

  struct {
    std::size_t threads = 0; // event loops; 0: one per core
  } runtime;
};

} // namespace parley::config
