#include <openssl/ssl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include <boost/asio/ssl/context.hpp>

#include "app/http/core.hpp"

namespace cybexd::app::http {

namespace ssl = boost::asio::ssl;

namespace {

/// OpenSSL does not say why a file cannot be opened.
expected<void> can_be_opened(const std::string& what, const std::string& path) {
  if (::access(path.c_str(), R_OK) == 0) return {};
  return fail(failure::bad_input,
              "The TLS " + what + " " + path + " cannot be opened: " + std::strerror(errno) + ".");
}

}  // namespace

expected<std::shared_ptr<ssl::context>> load_tls(const tls_files& files) {
  if (auto there = can_be_opened("certificate", files.certificate); !there) return fail(there.error());
  if (auto there = can_be_opened("key", files.key); !there) return fail(there.error());
  auto context = std::make_shared<ssl::context>(ssl::context::tls_server);
  boost::system::error_code problem;
  context->set_options(ssl::context::default_workarounds | ssl::context::no_compression, problem);
  if (problem || SSL_CTX_set_min_proto_version(context->native_handle(), TLS1_2_VERSION) != 1)
    return fail(failure::internal, "TLS cannot be set up: " + problem.message());
  // A handshake again in the middle of a connection makes the server work for nothing.
  SSL_CTX_set_options(context->native_handle(), SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE);
  context->use_certificate_chain_file(files.certificate, problem);
  if (problem)
    return fail(failure::bad_input,
                "The TLS certificate " + files.certificate + " cannot be used: " + problem.message() + ".");
  context->use_private_key_file(files.key, ssl::context::pem, problem);
  if (problem)
    return fail(failure::bad_input,
                "The TLS key " + files.key + " cannot be used: " + problem.message() + ".");
  if (SSL_CTX_check_private_key(context->native_handle()) != 1)
    return fail(failure::bad_input, "The TLS key " + files.key + " does not belong to the certificate " +
                                        files.certificate + ".");
  return context;
}

expected<void> usable_tls(const tls_files& files) {
  const auto context = load_tls(files);
  return context ? expected<void>{} : fail(context.error());
}

}  // namespace cybexd::app::http
