#include "kafka/key_pair.hpp"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <cerrno>
#include <fstream>
#include <iterator>
#include <memory>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>

namespace ringpost::kafka {
namespace {

using CertificateHandle = std::unique_ptr<X509, Destroyer<X509_free>>;
using KeyHandle = std::unique_ptr<EVP_PKEY, Destroyer<EVP_PKEY_free>>;
using BioHandle = std::unique_ptr<BIO, Destroyer<BIO_free>>;

// One half of the pair.
struct Half {
  std::string name;  // its file, or librdkafka's property that holds it
  std::string text;  // empty: there is none
};

bool uses_tls(const Properties& properties) {
  const auto protocol = properties.find("security.protocol");
  return protocol != properties.end() &&
         (protocol->second.ends_with("ssl") || protocol->second.ends_with("SSL"));
}

std::string read_whole(const std::string& file) {
  errno = 0;
  std::ifstream stream(file, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(stream), {}};
  if (!stream) {
    throw std::runtime_error(file + " can't be read: " + std::generic_category().message(errno));
  }
  if (text.empty()) throw std::runtime_error(file + " is empty");
  return text;
}

// Where the text itself is given, librdkafka lets it win.
Half take(Properties& properties, const std::string& of) {
  const std::string text = "ssl." + of + ".pem";
  if (const auto given = properties.find(text); given != properties.end()) return {text, given->second};
  const auto file = properties.find("ssl." + of + ".location");
  if (file == properties.end()) return {};
  Half half{file->second, read_whole(file->second)};
  properties.erase(file);
  properties[text] = half.text;
  return half;
}

struct Password {
  const std::string* text = nullptr;  // null: none
  bool asked = false;
};

int give_password(char* buffer, int size, int /*writing*/, void* opaque) {
  auto& password = *static_cast<Password*>(opaque);
  password.asked = true;
  if (password.text == nullptr) return -1;
  return static_cast<int>(password.text->copy(buffer, static_cast<std::size_t>(size)));
}

BioHandle reader_of(const Half& half) {
  return BioHandle(BIO_new_mem_buf(half.text.data(), static_cast<int>(half.text.size())));
}

KeyHandle read_key(const Half& half, Password password) {
  KeyHandle key(PEM_read_bio_PrivateKey(reader_of(half).get(), nullptr, give_password, &password));
  if (key) return key;
  if (!password.asked) throw std::runtime_error(half.name + " holds no private key in PEM form");
  throw std::runtime_error(half.name + (password.text == nullptr
                                            ? " has a password, and no ssl.key.password is given"
                                            : " has another password than ssl.key.password is"));
}

void check(const Half& certificate, const Half& key, Password password) {
  const CertificateHandle shown(PEM_read_bio_X509(reader_of(certificate).get(), nullptr, nullptr, nullptr));
  if (!shown) throw std::runtime_error(certificate.name + " holds no certificate in PEM form");
  if (X509_check_private_key(shown.get(), read_key(key, password).get()) != 1) {
    throw std::runtime_error(key.name + " is not the key of the certificate in " + certificate.name);
  }
}

}  // namespace

Properties with_key_pair(Properties properties) {
  if (!uses_tls(properties)) return properties;  // librdkafka opens no such file then
  const Half certificate = take(properties, "certificate");
  const Half key = take(properties, "key");
  if (certificate.text.empty() || key.text.empty()) return properties;
  const auto password = properties.find("ssl.key.password");
  ERR_set_mark();  // what OpenSSL leaves in this thread's list is nobody else's
  try {
    check(certificate, key, {.text = password == properties.end() ? nullptr : &password->second});
    ERR_pop_to_mark();
  } catch (...) {
    ERR_pop_to_mark();
    throw;
  }
  return properties;
}

}  // namespace ringpost::kafka
