#include "llm/tls_socket_bio.hpp"

#include <cerrno>
#include <cstdint>
#include <memory>

#include <openssl/bio.h>
#include <sys/socket.h>

namespace parley::llm {

namespace {

bool would_block() {
  return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

int socket_of(BIO* bio) {
  return static_cast<int>(reinterpret_cast<std::intptr_t>(BIO_get_data(bio)));
}

int write_some(BIO* bio, const char* data, int size) {
  BIO_clear_retry_flags(bio);
  const auto sent =
    ::send(socket_of(bio), data, static_cast<std::size_t>(size), MSG_NOSIGNAL);
  if (sent < 0 && would_block())
    BIO_set_retry_write(bio);
  return static_cast<int>(sent);
}

int read_some(BIO* bio, char* data, int size) {
  BIO_clear_retry_flags(bio);
  const auto got =
    ::recv(socket_of(bio), data, static_cast<std::size_t>(size), 0);
  if (got < 0 && would_block())
    BIO_set_retry_read(bio);
  if (got == 0)
    BIO_set_flags(bio, BIO_FLAGS_IN_EOF);
  return static_cast<int>(got);
}

long control(BIO* bio, int command, long, void*) {
  switch (command) {
  case BIO_CTRL_FLUSH:
    return 1; // nothing is held back
  case BIO_CTRL_EOF:
    return BIO_test_flags(bio, BIO_FLAGS_IN_EOF) != 0;
  default:
    return 0;
  }
}

struct method_deleter {
  void operator()(BIO_METHOD* method) const noexcept {
    BIO_meth_free(method);
  }
};

std::unique_ptr<BIO_METHOD, method_deleter> make_method() {
  std::unique_ptr<BIO_METHOD, method_deleter> made{
    BIO_meth_new(BIO_TYPE_SOURCE_SINK | BIO_get_new_index(), "parley socket")};
  if (made) {
    BIO_meth_set_write(made.get(), write_some);
    BIO_meth_set_read(made.get(), read_some);
    BIO_meth_set_ctrl(made.get(), control);
  }
  return made;
}

} // namespace

BIO* make_socket_bio(int socket) {
  // A table of functions, the same for all and never changed.
  static const auto method = make_method();
  auto* made = method ? BIO_new(method.get()) : nullptr;
  if (!made)
    return nullptr;
  BIO_set_data(made,
               reinterpret_cast<void*>(static_cast<std::intptr_t>(socket)));
  BIO_set_init(made, 1);
  return made;
}

} // namespace parley::llm
