// One client's TCP connection: reads requests, has them answered in order,
// watches over their time-outs and notices when the client goes.
//
// Everything runs on the thread of its event loop. Users of an exchange or an
// event stream are called back only from handlers of the loop, never inside a
// call of theirs.
//
//   waiting ──▶ reading ──▶ answering ──▶ waiting …        keep-alive
//                               │
//                               ├──▶ streaming ──▶ finishing ──▶ waiting …
//                               └──▶ closing ──▶ lingering ──▶ closed
//
// Every phase can go to closed: the client is gone, or the server stops.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http/answer.hpp"
#include "http/output_buffer.hpp"
#include "http/request_assembler.hpp"
#include "http/server_core.hpp"

namespace parley::http {

class server_exchange;
class stream_handle;

class connection : public std::enable_shared_from_this<connection> {
public:
  using header_list = std::vector<std::pair<std::string, std::string>>;

  connection(std::shared_ptr<server_core> core, loop_record& loop,
             tcp_socket socket);
  ~connection();

  // -- for the server --------------------------------------------------------

  void start();
  // Instead of start: answers 503 at once, whatever is asked.
  void start_refusing();
  // Closes where it waits for a request; else after the answer.
  void drain();
  void close();

  // -- for exchanges ---------------------------------------------------------

  void respond(response what);
  void fail(const error& what);
  [[nodiscard]] std::shared_ptr<event_stream>
  begin_event_stream(const header_list& extra_headers);
  [[nodiscard]] bool client_is_gone() const noexcept;
  [[nodiscard]] bool client_sends_no_more() const noexcept {
    return half_closed_;
  }
  [[nodiscard]] runtime::companion& actor();
  [[nodiscard]] loop_record& loop() noexcept {
    return loop_;
  }
  // Runs it later on the loop; what it throws is logged and ends the
  // connection.
  void post_call(std::function<void()> call);

  // -- for event streams -----------------------------------------------------

  void write_stream(std::string frames, std::function<void()> on_written);
  void finish_stream(std::string last_frames);
  void abort_stream();

private:
  using clock = std::chrono::steady_clock;

  enum class phase : std::uint8_t {
    waiting,   // for the first byte of a request
    reading,   // a request's head or body
    answering, // a handler owes the answer
    streaming, // an event stream is open
    finishing, // its end is being sent
    closing,   // the last answer is being sent
    lingering, // our side is shut; what still comes is thrown away
    closed,
  };

  // The request that is being read.
  struct incoming {
    explicit incoming(std::uint64_t max_body_bytes);

    request_assembler assembler;
    route_match match;
    std::string allow;            // for OPTIONS
    std::optional<refusal> early; // decided by its head, sent after its body
  };

  // -- connection.cpp: life, time-outs ---------------------------------------

  void open(phase first);
  void transition(phase next) noexcept;
  void retire();
  void linger();
  void arm_timer();
  [[nodiscard]] clock::time_point next_deadline() const noexcept;
  void on_timer();
  void on_read_timeout();
  void send_heartbeat();
  void log_request(int status) const;
  template <class Call>
  void guarded(Call&& call);

  // -- connection_requests.cpp: bytes to requests ----------------------------

  [[nodiscard]] bool takes_requests() const noexcept;
  void watch_input();
  void watch_for_reset();
  void on_readable();
  void on_end_of_input();
  void process();
  [[nodiscard]] std::size_t advance(std::string_view bytes);
  void begin_request();
  void on_head(bool body_is_here);
  void choose_route(const request_head& head);
  void dispatch();
  void call_handler(http::request what);
  void refuse(const refusal& why);
  void resume();

  // -- connection_answers.cpp: answers to bytes ------------------------------

  [[nodiscard]] answer_surroundings surroundings(bool keep_alive);
  [[nodiscard]] bool can_keep_alive() const noexcept;
  void answer(response what);
  void answer_options(std::string_view allow,
                      std::optional<std::string_view> requested);
  void answered(int status, bool keep_alive);
  void push_chunk(std::string frames);
  void schedule_flush();
  void send_soon();
  void flush();
  [[nodiscard]] bool send_all();
  void on_full();
  void on_flushed();

  std::shared_ptr<server_core> core_;
  loop_record& loop_;
  tcp_socket socket_;
  timer timer_;
  clock::time_point armed_for_ = clock::time_point::max();
  clock::time_point read_deadline_ = clock::time_point::max();
  clock::time_point write_deadline_ = clock::time_point::max();
  clock::time_point last_write_;

  std::string input_; // came, and is not taken apart yet
  std::unique_ptr<incoming> incoming_;
  std::unique_ptr<answer_context> context_; // of the answer that is owed
  output_buffer out_;
  std::size_t sent_since_deadline_ = 0;
  std::size_t linger_budget_ = 0;

  std::weak_ptr<server_exchange> exchange_;
  std::weak_ptr<stream_handle> stream_;
  std::unique_ptr<gzip_stream> stream_coder_;
  std::function<void()> on_written_;
  runtime::companion_ptr actor_; // made when somebody asks for it

  phase phase_ = phase::waiting;
  bool served_ = false;          // at least one request was answered
  bool processing_ = false;      // inside process()
  bool starved_ = false;         // the bytes in input_ do not suffice
  bool watching_ = false;        // a wait for input is under way
  bool flush_scheduled_ = false; // by a post or a wait for room
  bool half_closed_ = false;     // the client sends no more
  bool stream_is_chunked_ = false;
  bool stream_keeps_alive_ = false;
};

} // namespace parley::http
