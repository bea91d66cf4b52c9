// The rows of the option table: every option, once. How rows are read and
// written is in options.cpp.
#include <array>
#include <type_traits>

#include "chat/limits.hpp"
#include "config/options.hpp"

namespace parley::config {

namespace {

using kind = value_kind;

constexpr std::uint64_t second = 1'000;
constexpr std::uint64_t minute = 60 * second;
constexpr std::uint64_t hour = 60 * minute;
constexpr std::uint64_t day = 24 * hour;
constexpr std::uint64_t year = 365 * day;

static_assert(std::is_same_v<std::size_t, std::uint64_t>,
              "fields of both types are counts to the table");

constexpr std::array all_groups{
  group{"", "General", "Where the configuration is and where the data go."},
  group{"http", "HTTP", "The listener and its connections."},
  group{"llm", "Language model",
        "The upstream that writes the answers, and how long it is waited for."},
  group{"eliza", "Built-in model", "What answers when there is no upstream."},
  group{"limits", "Limits", "How much of anything is taken."},
  group{"sse", "Server-Sent Events", "The connections of readers."},
  group{"streams", "Streams", "The life of an answer."},
  group{"idempotency", "Idempotency", "Requests with an Idempotency-Key."},
  group{"storage", "Storage", "What the store promises."},
  group{"shutdown", "Shutdown", "What happens at SIGTERM."},
  group{"node", "Node", "This process among others."},
  group{"cluster", "Cluster", "The connections to other nodes."},
  group{"log", "Logs", "What is written on standard error."},
  group{"runtime", "Runtime", "Threads."},
};

constexpr std::array all_options{
  // -- general ---------------------------------------------------------------
  option{.name = "config-file",
         .kind = kind::path,
         .field = +[](settings & s) -> auto& {return s.config_file;
} // namespace
, .example = "/etc/parley/parley.toml",
  .help = "A TOML file that holds options as nested keys.",
  .when_empty = "no file", .from = sources::outside_the_file
} // namespace parley::config
, option{.name = "data-dir",
         .kind = kind::path,
         .field = +[](settings & s) -> auto& {return s.data_dir;
}
, .example = "/var/lib/parley",
  .help = "The folder of the store. Created when it is missing, and "
          "locked against a second process."
}
,

  // -- http ------------------------------------------------------------------
  option{.name = "http.listen",
         .kind = kind::endpoint,
         .field = +[](settings & s) -> auto& {return s.http.listen;
}
, .example = "0.0.0.0:8080",
  .help = "Address and port that requests are taken at. With port 0 the "
          "system chooses one."
}
, option{.name = "http.header-timeout",
         .kind = kind::duration,
         .field = +[](settings & s) -> auto& {return s.http.header_timeout;
}
, .example = "5s",
  .help = "Time for a request's whole header; then the answer is 408 "
          "and the connection is closed.",
  .min = 1, .max = hour
}
, option{.name = "http.body-timeout",
         .kind = kind::duration,
         .field = +[](settings & s) -> auto& {return s.http.body_timeout;
}
, .example = "1m",
  .help = "Time for a request's whole body; then the answer is 408 and "
          "the connection is closed.",
  .min = 1, .max = hour
}
, option{.name = "http.keep-alive-timeout",
         .kind = kind::duration,
         .field = +[](settings & s) -> auto& {return s.http.keep_alive_timeout;
}
, .example = "2m",
  .help = "How long a connection may stay idle between two requests.", .min = 1,
  .max = day
}
, option{.name = "http.cors.origins",
         .kind = kind::text_list,
         .field = +[](settings & s) -> auto& {return s.http.cors_origins;
}
, .example = "https://chat.example.org,http://localhost:3000",
  .help = "Origins whose pages may call this server, or * for any.",
  .when_empty = "none"
}
, option{.name = "http.max-connections",
         .kind = kind::count,
         .field = +[](settings & s) -> auto& {return s.http.max_connections;
}
, .example = "5000", .help = "Connections that are open at once.",
  .unit = "connections", .min = 1, .max = 1'000'000
}
, option{.name = "http.compress-json",
         .kind = kind::boolean,
         .field = +[](settings & s) -> auto& {return s.http.compress_json;
}
, .example = "false",
  .help = "Compress JSON answers above 1 KB for clients that accept "
          "gzip."
}
, option{.name = "http.compress-sse",
         .kind = kind::boolean,
         .field = +[](settings & s) -> auto& {return s.http.compress_sse;
}
, .example = "true",
  .help = "Compress event streams, flushed after every frame, for "
          "clients that accept gzip."
}
,

  // -- llm -------------------------------------------------------------------
  option{.name = "llm.base-url",
         .kind = kind::url,
         .field = +[](settings & s) -> auto& {return s.llm.base_url;
}
, .example = "http://127.0.0.1:11434/v1",
  .help = "Base of an OpenAI-compatible API.",
  .when_empty = "the built-in model eliza"
}
, option{.name = "llm.model",
         .kind = kind::text,
         .field = +[](settings & s) -> auto& {return s.llm.model;
}
, .example = "llama3.2", .help = "The model of requests that name none.",
  .max = limits::max_model_name_chars,
  .when_empty = "the first one that the upstream lists"
}
, option{.name = "llm.api-key-file",
         .kind = kind::path,
         .field = +[](settings & s) -> auto& {return s.llm.api_key_file;
}
, .example = "/run/secrets/llm_api_key",
  .help = "A file that holds the upstream's API key and nothing else; "
          "a newline at its end is dropped. When PARLEY_LLM_API_KEY is "
          "set too, the one from the higher source counts, and the file "
          "where both come from the environment.",
  .when_empty = "no file"
}
, option{.name = "llm.api-key",
         .kind = kind::secret,
         .field = +[](settings & s) -> auto& {return s.llm.api_key;
}
, .example = "sk-...",
  .help = "The upstream's API key, sent as a bearer token. Never "
          "printed and never logged.",
  .max = 8 * 1024, .when_empty = "no key", .from = sources::environment_only,
  .secret = true
}
, option{.name = "llm.connect-timeout",
         .kind = kind::duration,
         .field = +[](settings & s) -> auto& {return s.llm.connect_timeout;
}
, .example = "2s",
  .help = "Time to reach the upstream: name look-up, connect and TLS.",
  .min = 1, .max = hour
}
, option{.name = "llm.first-token-timeout",
         .kind = kind::duration,
         .field = +[](settings & s) -> auto& {return s.llm.first_token_timeout;
}
, .example = "5m",
  .help = "Time from the request to the first token of its answer.", .min = 1,
  .max = day
}
, option{.name = "llm.idle-timeout",
         .kind = kind::duration,
         .field = +[](settings & s) -> auto& {return s.llm.idle_timeout;
}
, .example = "30s",
  .help = "The longest silence between two reads of an answer.", .min = 1,
  .max = day
}
, option{.name = "llm.total-timeout",
         .kind = kind::duration,
         .field = +[](settings & s) -> auto& {return s.llm.total_timeout;
}
, .example = "1h", .help = "Time for one whole answer.", .min = 1,
  .max = 7 * day
}
, option{.name = "llm.max-context-chars",
         .kind = kind::count,
         .field = +[](settings & s) -> auto& {return s.llm.max_context_chars;
}
, .example = "24000",
  .help = "How much of a conversation is sent along: its newest turns, "
          "and always the system prompt.",
  .unit = "code points", .min = 1, .max = 100'000'000
}
, option{.name = "llm.fallback-models",
         .kind = kind::text_list,
         .field = +[](settings & s) -> auto& {return s.llm.fallback_models;
}
, .example = "llama3.2,qwen2.5",
  .help = "Models to try in this order when the one that was asked for "
          "fails before its first token.",
  .when_empty = "none"
}
, option{.name = "llm.max-attempts",
         .kind = kind::count,
         .field = +[](settings & s) -> auto& {return s.llm.max_attempts;
}
, .example = "5",
  .help = "How often a request is sent to the upstream at most while it "
          "has brought no token; 1 means no retry.",
  .unit = "attempts", .min = 1, .max = 100
}
, option{.name = "llm.retry-base-delay",
         .kind = kind::duration,
         .field = +[](settings & s) -> auto& {return s.llm.retry_base_delay;
}
, .example = "1s",
  .help = "Upper bound of the pause before the first retry; it doubles "
          "with every further one.",
  .max = hour
}
, option{.name = "llm.retry-max-delay",
         .kind = kind::duration,
         .field = +[](settings & s) -> auto& {return s.llm.retry_max_delay;
}
, .example = "20s", .help = "The longest pause before a retry.", .max = hour
}
, option{.name = "llm.retry-budget",
         .kind = kind::duration,
         .field = +[](settings & s) -> auto& {return s.llm.retry_budget;
}
, .example = "2m",
  .help = "No retry begins later than this after the first attempt.", .max = day
}
, option{.name = "llm.min-chars-per-second",
         .kind = kind::number,
         .field = +[](settings & s) -> auto& {return s.llm.min_chars_per_second;
}
, .example = "0.5",
  .help = "An upstream that brings less than this on average over "
          "llm.min-chars-window is given up.",
  .unit = "code points per second", .max = 1'000'000, .when_empty = "off"
}
, option{.name = "llm.min-chars-window",
         .kind = kind::duration,
         .field = +[](settings & s) -> auto& {return s.llm.min_chars_window;
}
, .example = "1m",
  .help = "The time over which llm.min-chars-per-second is measured.", .min = 1,
  .max = hour
}
, option{.name = "llm.max-idle-connections",
         .kind = kind::count,
         .field = +[](settings & s) -> auto& {return s.llm.max_idle_connections;
}
, .example = "16",
  .help = "Unused connections to the upstream that each event loop "
          "keeps open.",
  .unit = "connections", .max = 100'000
}
, option{.name = "llm.tls-verify",
         .kind = kind::boolean,
         .field = +[](settings & s) -> auto& {return s.llm.tls_verify;
}
, .example = "false",
  .help = "Check the upstream's certificate and its host name. Without "
          "it anyone on the way can read the API key."
}
, option{.name = "llm.tls-ca-file",
         .kind = kind::path,
         .field = +[](settings & s) -> auto& {return s.llm.tls_ca_file;
}
, .example = "/etc/parley/upstream-ca.pem",
  .help = "Certificates (PEM) that the upstream's must be signed by.",
  .when_empty = "the system's"
}
,

  // -- eliza -----------------------------------------------------------------
  option{.name = "eliza.word-delay",
         .kind = kind::duration,
         .field = +[](settings & s) -> auto& {return s.eliza.word_delay;
}
, .example = "100ms", .help = "Pause before each word.", .max = minute,
  .when_empty = "as fast as possible"
}
,

  // -- limits ----------------------------------------------------------------
  option{.name = "limits.max-message-chars",
         .kind = kind::count,
         .field = +[](settings & s) -> auto& {return s.limits.max_message_chars;
}
, .example = "8000",
  .help = "Length of a user's message; a longer one is refused.",
  .unit = "code points", .min = 1, .max = 10'000'000
}
, option{.name = "limits.max-response-chars",
         .kind = kind::count,
         .field =
           +[](settings & s) -> auto& {return s.limits.max_response_chars;
}
, .example = "20000",
  .help = "Length at which an answer of the native API is cut.",
  .unit = "code points", .min = 1, .max = limits::max_response_chars
}
, option{.name = "limits.max-completion-chars",
         .kind = kind::count,
         .field =
           +[](settings & s) -> auto& {return s.limits.max_completion_chars;
}
, .example = "100000",
  .help = "Length at which an answer of the OpenAI routes is cut.",
  .unit = "code points", .max = limits::max_response_chars, .when_empty = "none"
}
, option{.name = "limits.max-body-bytes",
         .kind = kind::bytes,
         .field = +[](settings & s) -> auto& {return s.limits.max_body_bytes;
}
, .example = "256KiB",
  .help = "Size of a request's body; a larger one is refused with 413.",
  .min = 1, .max = 1ull << 30
}
, option{.name = "limits.max-streams",
         .kind = kind::count,
         .field = +[](settings & s) -> auto& {return s.limits.max_streams;
}
, .example = "500",
  .help = "Answers in flight at once on this node; a further one is "
          "refused with 503.",
  .unit = "streams", .min = 1, .max = 1'000'000
}
,

  // -- sse -------------------------------------------------------------------
  option{.name = "sse.heartbeat",
         .kind = kind::duration,
         .field = +[](settings & s) -> auto& {return s.sse.heartbeat;
}
, .example = "5s",
  .help = "A comment is sent at least this often, so that proxies keep "
          "a silent stream open.",
  .min = 1, .max = hour
}
, option{.name = "sse.write-timeout",
         .kind = kind::duration,
         .field = +[](settings & s) -> auto& {return s.sse.write_timeout;
}
, .example = "10s",
  .help = "A reader that takes nothing for this long is disconnected; "
          "it can resume.",
  .min = 1, .max = hour
}
,

  // -- streams ---------------------------------------------------------------
  option{.name = "streams.retention",
         .kind = kind::duration,
         .field = +[](settings & s) -> auto& {return s.streams.retention;
}
, .example = "72h",
  .help = "How long the events of an ended stream can be read again.", .min = 1,
  .max = year
}
, option{.name = "streams.flush-interval",
         .kind = kind::duration,
         .field = +[](settings & s) -> auto& {return s.streams.flush_interval;
}
, .example = "5ms",
  .help = "The text of running answers reaches the store at least this "
          "often.",
  .min = 1, .max = 10 * second
}
, option{.name = "streams.on-disconnect",
         .kind = kind::choice,
         .field = +[](settings & s) -> auto& {return s.streams.on_disconnect;
}
, .example = "continue",
  .help = "What happens to an answer that nobody reads any more: it "
          "goes on, ends at once, or ends after streams.cancel-after."
}
, option{.name = "streams.cancel-after",
         .kind = kind::duration,
         .field = +[](settings & s) -> auto& {return s.streams.cancel_after;
}
, .example = "2m",
  .help = "How long an answer goes on without a reader under "
          "cancel-after, and how long it waits for its first one.",
  .max = 7 * day
}
,

  // -- the smaller groups ----------------------------------------------------
  option{.name = "idempotency.ttl",
         .kind = kind::duration,
         .field = +[](settings & s) -> auto& {return s.idempotency.ttl;
}
, .example = "1h", .help = "How long an Idempotency-Key is remembered.",
  .min = 1, .max = year
}
, option{.name = "storage.durability",
         .kind = kind::choice,
         .field = +[](settings & s) -> auto& {return s.storage.durability;
}
, .example = "strict",
  .help = "accepted: accepting and finishing an answer are synced to "
          "disk. strict: every token too, before it is sent. os: "
          "nothing is synced, so that a crash of the machine can lose "
          "what was accepted."
}
, option{.name = "shutdown.grace",
         .kind = kind::duration,
         .field = +[](settings & s) -> auto& {return s.shutdown.grace;
}
, .example = "10s",
  .help = "Time that running answers get to finish after SIGTERM.", .max = day
}
, option{.name = "node.name",
         .kind = kind::node_name,
         .field = +[](settings & s) -> auto& {return s.node.name;
}
, .example = "chat-1",
  .help = "This node's name among its peers. It must stay the same for "
          "a data folder.",
  .when_empty = "the name that the data folder keeps, else the host's"
}
,

  // -- cluster ---------------------------------------------------------------
  option{.name = "cluster.listen",
         .kind = kind::endpoint,
         .field = +[](settings & s) -> auto& {return s.cluster.listen;
}
, .example = "0.0.0.0:9090",
  .help = "Address and port that other nodes connect to.",
  .when_empty = "no cluster"
}
, option{.name = "cluster.advertise",
         .kind = kind::endpoint,
         .field = +[](settings & s) -> auto& {return s.cluster.advertise;
}
, .example = "chat-1.internal:9090",
  .help = "Where other nodes reach cluster.listen, if elsewhere.",
  .when_empty = "cluster.listen"
}
, option{.name = "cluster.seeds",
         .kind = kind::endpoint_list,
         .field = +[](settings & s) -> auto& {return s.cluster.seeds;
}
, .example = "chat-1.internal:9090,chat-2.internal:9090",
  .help = "Nodes that are asked for the others at the start.",
  .when_empty = "none"
}
, option{.name = "cluster.failure-timeout",
         .kind = kind::duration,
         .field = +[](settings & s) -> auto& {return s.cluster.failure_timeout;
}
, .example = "2s",
  .help = "A node that is silent for this long counts as lost.", .min = 100,
  .max = hour
}
, option{.name = "cluster.insecure",
         .kind = kind::boolean,
         .field = +[](settings & s) -> auto& {return s.cluster.insecure;
}
, .example = "true",
  .help = "Allow cluster.listen beyond loopback without TLS. Whoever "
          "reaches that port then controls the node."
}
, option{.name = "cluster.tls-cert-file",
         .kind = kind::path,
         .field = +[](settings & s) -> auto& {return s.cluster.tls_cert_file;
}
, .example = "/etc/parley/node.pem", .help = "This node's certificate (PEM).",
  .when_empty = "no TLS"
}
, option{.name = "cluster.tls-key-file",
         .kind = kind::path,
         .field = +[](settings & s) -> auto& {return s.cluster.tls_key_file;
}
, .example = "/etc/parley/node.key",
  .help = "The private key of cluster.tls-cert-file (PEM).",
  .when_empty = "no TLS"
}
, option{.name = "cluster.tls-ca-file",
         .kind = kind::path,
         .field = +[](settings & s) -> auto& {return s.cluster.tls_ca_file;
}
, .example = "/etc/parley/cluster-ca.pem",
  .help = "Certificates (PEM) that the other nodes' must be signed by.",
  .when_empty = "no TLS"
}
,

  // -- log, runtime ----------------------------------------------------------
  option{.name = "log.level",
         .kind = kind::choice,
         .field = +[](settings & s) -> auto& {return s.log.level;
}
, .example = "debug", .help = "The least important lines that are written."
}
, option{.name = "log.format",
         .kind = kind::choice,
         .field = +[](settings & s) -> auto& {return s.log.format;
}
, .example = "json",
  .help = "text: key=value, for people. json: an object per line."
}
, option{.name = "runtime.threads",
         .kind = kind::count,
         .field = +[](settings & s) -> auto& {return s.runtime.threads;
}
, .example = "4", .help = "Event loops, each with a thread of its own.",
  .unit = "threads", .max = 1024, .when_empty = "one per core"
}
,
}
;

} // namespace

std::span<const option> options() {
  return all_options;
}

std::span<const group> groups() {
  return all_groups;
}

} // namespace parley::config
