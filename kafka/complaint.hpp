// What librdkafka says of a connection, for people.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace ringpost::kafka {

// Facilities of librdkafka's log that say why a connection could not be made, or has ended.
inline bool tells_of_a_failure(std::string_view facility) {
  return facility == "FAIL" || facility == "SSLCERTVRFY";
}

// Says again what certificate_check.hpp has said with its reason, and advises whatever that is.
inline bool repeats_a_certificate(std::string_view said) {
  return said.find("certificate verify failed") != std::string_view::npos;
}

// The same cause is the same text each time: without the thread in front ("[thrd:main]: ") and the circumstances behind
// (" (after 3ms in state CONNECT, 1 identical error(s) suppressed)"). What a web server says is read as a size; librdkafka's
// advice for that would lead astray.
inline std::string complaint_of(std::string_view said) {
  constexpr std::string_view kThread = "[thrd:";
  constexpr std::string_view kEndOfThread = "]: ";
  if (said.starts_with(kThread)) {
    const std::size_t end = said.find(kEndOfThread);
    said.remove_prefix(end == std::string_view::npos ? 0 : end + kEndOfThread.size());
  }
  std::string text(said.substr(0, said.find(" (after ")));
  if (const std::size_t advice = text.find(": increase receive.message.max.bytes");
      advice != std::string::npos) {
    text.replace(advice, std::string::npos, ": something else than a Kafka broker answers there");
  }
  constexpr std::string_view kVerified = " verification callback failed: ";
  const std::size_t subject = text.find("Certificate (subject=");
  if (const std::size_t verified = text.find(kVerified);
      subject != std::string::npos && verified != std::string::npos) {
    text.replace(subject, verified + kVerified.size() - subject, "the broker's certificate is refused: ");
  }
  if (text.find(" alert ") != std::string::npos && text.find("certificate") != std::string::npos) {
    text += ": the broker refuses our certificate, or wants one (ssl.certificate.location, ssl.key.location)";
  }
  return text;
}

// Of an address that takes connections and says nothing that makes sense.
inline std::string silence_of(std::int64_t seconds, std::string_view why) {
  return "no answer within " + std::to_string(seconds) + " s (" + std::string(why) +
         "); is there a Kafka broker at this address, and does security.protocol suit it?";
}

}  // namespace ringpost::kafka
