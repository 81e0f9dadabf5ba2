// Apache Kafka itself, by the kit in tests/kafka-cluster.
#pragma once

#include <string>
#include <vector>

#include "tests/support/process.hpp"

namespace ringpost::tests {

class KafkaCluster {
 public:
  KafkaCluster();   // one broker; throws when it does not start
  ~KafkaCluster();  // kills it
  KafkaCluster(const KafkaCluster&) = delete;
  KafkaCluster& operator=(const KafkaCluster&) = delete;

  const std::string& brokers() const { return brokers_; }

  void create_topic(const std::string& name, int partitions) const;
  void configure_topic(const std::string& name, const std::string& setting) const;  // "KEY=VALUE"

  // What Java's console consumer prints of the first `count` records: a line each, fields separated by tabs:
  // CreateTime:…, Partition:…, Offset:…, headers as name:value joined by commas, key, message.
  std::vector<std::string> consume_with_java(const std::string& topic, int count) const;

 private:
  std::vector<std::string> kit(std::vector<std::string> arguments) const;

  TemporaryDirectory directory_;
  std::string brokers_;
};

}  // namespace ringpost::tests
