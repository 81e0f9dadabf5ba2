// Three brokers of Apache Kafka that all tests of this program share. They would create topics, if anybody let them.
#pragma once

#include <string>
#include <vector>

#include "tests/support/process.hpp"

namespace ringpost::tests {

constexpr int kBrokers = 3;

class Brokers {
 public:
  static Brokers& shared();  // started by the first who asks

  Brokers();
  ~Brokers();
  Brokers(const Brokers&) = delete;
  Brokers& operator=(const Brokers&) = delete;

  const std::string& addresses() const { return addresses_; }
  std::string configuration(const std::string& topics) const;  // an [instance.kafkaid] of this cluster

  void create_topic(const std::string& name, int partitions) const;
  std::vector<std::string> topics() const;
  void configure_topic(const std::string& name, const std::string& setting) const;  // "KEY=VALUE"
  // "kill", "start", "pause", "resume"; 0: each of them.
  void command(const std::string& what, int broker) const;

 private:
  std::string kit(std::vector<std::string> arguments) const;

  TemporaryDirectory directory_;
  std::string addresses_;
};

}  // namespace ringpost::tests
