#include "kafka/certificate_check.hpp"

#include <openssl/bio.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include <memory>
#include <string>
#include <string_view>

namespace ringpost::kafka {
namespace {

using CertificateHandle = std::unique_ptr<X509, Destroyer<X509_free>>;
using BioHandle = std::unique_ptr<BIO, Destroyer<BIO_free>>;
using NamesHandle = std::unique_ptr<GENERAL_NAMES, Destroyer<GENERAL_NAMES_free>>;

std::string text_in(BIO* bio) {
  char* text = nullptr;
  const long size = BIO_get_mem_data(bio, &text);
  return {text, static_cast<std::size_t>(size)};
}

std::string time_text(const ASN1_TIME* time) {
  const BioHandle bio(BIO_new(BIO_s_mem()));
  return ASN1_TIME_print(bio.get(), time) == 1 ? text_in(bio.get()) : "a time that it does not say";
}

// "DNS:kafka.example, IP Address:10.0.0.7"
std::string names_in(const X509* certificate) {
  const NamesHandle names(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  const BioHandle bio(BIO_new(BIO_s_mem()));
  for (int i = 0; names && i < sk_GENERAL_NAME_num(names.get()); ++i) {
    BIO_puts(bio.get(), i == 0 ? "" : ", ");
    GENERAL_NAME_print(bio.get(), sk_GENERAL_NAME_value(names.get(), i));
  }
  const std::string text = text_in(bio.get());
  return text.empty() ? "no host" : text;
}

std::string why_refused(int error, const X509* certificate, std::string_view broker) {
  const std::string_view host = broker.substr(0, broker.rfind(':'));
  switch (error) {
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return "it is for " + names_in(certificate) + ", and not for " + std::string(host);
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return "it has expired on " + time_text(X509_get0_notAfter(certificate));
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return "it is valid from " + time_text(X509_get0_notBefore(certificate)) +
             " on only; is the clock right?";
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_CERT_SIGNATURE_FAILURE:
      return "its authority is unknown here: ssl.ca.location has to name the one that has signed it";
    default:
      return X509_verify_cert_error_string(error);
  }
}

int explain(rd_kafka_t* /*client*/, const char* broker, std::int32_t /*broker_id*/, int* error, int /*depth*/,
            const char* encoded, std::size_t encoded_size, char* text, std::size_t text_size,
            void* /*opaque*/) {
  if (*error == X509_V_OK) {
    return 1;
  }
  const auto* bytes = reinterpret_cast<const unsigned char*>(encoded);
  const CertificateHandle certificate(d2i_X509(nullptr, &bytes, static_cast<long>(encoded_size)));
  const std::string why =
      certificate ? why_refused(*error, certificate.get(), broker) : X509_verify_cert_error_string(*error);
  text[why.copy(text, text_size - 1)] = '\0';
  return 0;
}

}  // namespace

void explain_certificates(rd_kafka_conf_t* conf) { rd_kafka_conf_set_ssl_cert_verify_cb(conf, explain); }

}  // namespace ringpost::kafka
