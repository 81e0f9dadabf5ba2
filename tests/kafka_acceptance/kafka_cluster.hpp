// Apache Kafka itself, by the kit in tests/kafka-cluster.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <vector>

#include "tests/support/process.hpp"

namespace ringpost::tests {

struct NewTopic {
  std::string name;
  int partitions = 1;
  std::vector<std::string> settings;  // "KEY=VALUE"
};

class KafkaCluster {
 public:
  // One broker, of the version in RINGPOST_KAFKA, which the kit looks at. Throws when it does not start.
  // `options`: of the kit's `up`.
  explicit KafkaCluster(const std::vector<std::string>& options = {});
  ~KafkaCluster();  // kills it
  KafkaCluster(const KafkaCluster&) = delete;
  KafkaCluster& operator=(const KafkaCluster&) = delete;

  // The one that this program's tests share; each has its own topics. Ends with the program.
  static KafkaCluster& shared();

  const std::string& brokers() const { return brokers_; }
  std::string version() const;
  pid_t broker_pid() const;
  std::string class_path() const;  // Java's, with this version's jars

  void create_topics(const std::vector<NewTopic>& topics) const;  // one virtual machine for all of them
  void create_topic(const std::string& name, int partitions) const;
  void configure_topic(const std::string& name, const std::string& setting) const;  // "KEY=VALUE"

  // The broker's own file with a partition's first records.
  std::filesystem::path segment(const std::string& topic, int partition) const;

  // What Java's console consumer prints of the first `count` records: a line each, fields separated by tabs:
  // CreateTime:…, Partition:…, Offset:…, headers as name:value joined by commas, key, message.
  std::vector<std::string> consume_with_java(const std::string& topic, int count) const;

 private:
  std::vector<std::string> kit(std::vector<std::string> arguments) const;

  TemporaryDirectory directory_;
  std::string brokers_;
};

}  // namespace ringpost::tests
