// What an instance's log says of its connection to Kafka: each change, why there is none, who is missing, and what Kafka does
// not take.
#pragma once

#include <cstdint>
#include <string>

#include "daemon/config/log_fields.hpp"
#include "kafka/outbox.hpp"

namespace ringpost::daemon {

// One thread's.
class ConnectionLog {
 public:
  ConnectionLog(std::string instance, std::string brokers);

  // Call it at each turn: it compares, and writes when something is new.
  void note(const kafka::Connection& connection);

 private:
  LogFields not_connected() const;
  void note_change(const kafka::Connection& connection);
  void tell_troubles(const kafka::Troubles& troubles);

  const std::string instance_;
  const std::string brokers_;
  bool connected_ = false;
  bool was_connected_ = false;
  std::int64_t disconnected_since_ns_ = 0;
  std::string cause_;  // the latest that was written
  std::string unreachable_;
  std::uint64_t troubles_told_ = 0;  // their news()
  std::string credentials_problem_;
  std::uint64_t credentials_taken_ = 0;
};

}  // namespace ringpost::daemon
