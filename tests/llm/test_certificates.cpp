#include "tests/llm/test_certificates.hpp"

#include <cstdlib>
#include <fstream>
#include <memory>
#include <stdexcept>

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

namespace parley::llm::test {

namespace {

template <auto Free>
struct freed_by {
  template <class T>
  void operator()(T* pointer) const {
    Free(pointer);
  }
};

using key_ptr = std::unique_ptr<EVP_PKEY, freed_by<EVP_PKEY_free>>;
using x509_ptr = std::unique_ptr<X509, freed_by<X509_free>>;
using bio_ptr = std::unique_ptr<BIO, freed_by<BIO_free_all>>;

void require(bool ok) {
  if (!ok)
    throw std::runtime_error{"OpenSSL could not make a certificate"};
}

bio_ptr reader(const std::string& text) {
  return bio_ptr{BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))};
}

template <class Write>
std::string written(Write write) {
  bio_ptr out{BIO_new(BIO_s_mem())};
  require(write(out.get()) == 1);
  BUF_MEM* memory = nullptr;
  BIO_get_mem_ptr(out.get(), &memory);
  return {memory->data, memory->length};
}

void add_extension(X509* to, X509* issuer, int id, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, to, nullptr, nullptr, 0);
  std::unique_ptr<X509_EXTENSION, freed_by<X509_EXTENSION_free>> extension{
    X509V3_EXT_conf_nid(nullptr, &context, id, value.c_str())};
  require(extension && X509_add_ext(to, extension.get(), -1) == 1);
}

certificate make(const std::string& common_name, const certificate* authority,
                 const std::string& names, int days) {
  const key_ptr key{EVP_EC_gen("P-256")};
  const x509_ptr made{X509_new()};
  require(key && made);
  static int serial = 1;
  X509_set_version(made.get(), X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(made.get()), serial++);
  constexpr long day = 24 * 3600;
  X509_gmtime_adj(X509_getm_notBefore(made.get()),
                  days < 0 ? 2 * days * day : -day);
  X509_gmtime_adj(X509_getm_notAfter(made.get()), days * day);
  auto* name = X509_get_subject_name(made.get());
  X509_NAME_add_entry_by_txt(
    name, "CN", MBSTRING_ASC,
    reinterpret_cast<const unsigned char*>(common_name.c_str()), -1, -1, 0);
  require(X509_set_pubkey(made.get(), key.get()) == 1);
  x509_ptr issuer;
  key_ptr issuer_key;
  if (authority) {
    issuer.reset(PEM_read_bio_X509(reader(authority->certificate_pem).get(),
                                   nullptr, nullptr, nullptr));
    issuer_key.reset(PEM_read_bio_PrivateKey(reader(authority->key_pem).get(),
                                             nullptr, nullptr, nullptr));
    require(issuer && issuer_key);
    X509_set_issuer_name(made.get(), X509_get_subject_name(issuer.get()));
    add_extension(made.get(), issuer.get(), NID_subject_alt_name, names);
  } else {
    X509_set_issuer_name(made.get(), name);
    add_extension(made.get(), made.get(), NID_basic_constraints,
                  "critical,CA:TRUE");
  }
  auto* signer = issuer_key ? issuer_key.get() : key.get();
  require(X509_sign(made.get(), signer, EVP_sha256()) > 0);
  return {
    written([&made](BIO* out) { return PEM_write_bio_X509(out, made.get()); }),
    written([&key](BIO* out) {
      return PEM_write_bio_PrivateKey(out, key.get(), nullptr, nullptr, 0,
                                      nullptr, nullptr);
    })};
}

} // namespace

certificate make_authority() {
  return make("Parley test authority", nullptr, {}, 1);
}

certificate make_certificate(const certificate& authority,
                             const std::string& names, int days) {
  return make("Parley test server", &authority, names, days);
}

boost::asio::ssl::context server_context(const certificate& own) {
  boost::asio::ssl::context made{boost::asio::ssl::context::tls_server};
  made.use_certificate(boost::asio::buffer(own.certificate_pem),
                       boost::asio::ssl::context::pem);
  made.use_private_key(boost::asio::buffer(own.key_pem),
                       boost::asio::ssl::context::pem);
  return made;
}

temporary_file::temporary_file(const std::string& content) {
  auto pattern =
    (std::filesystem::temp_directory_path() / "parley-test-XXXXXX").string();
  const auto descriptor = ::mkstemp(pattern.data());
  require(descriptor >= 0);
  std::ofstream{pattern} << content;
  path_ = pattern;
}

temporary_file::~temporary_file() {
  std::error_code ignored;
  std::filesystem::remove(path_, ignored);
}

} // namespace parley::llm::test
