// A Kafka cluster inside this process (librdkafka's mock): for the first run, the demo and most tests. It
// keeps the last 5 MB of each partition in memory, checks little but sequences, and ends with its object. Tests can make it
// misbehave.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace ringpost::kafka {

struct EmbeddedTopic {
  std::string name;
  std::int32_t partition_count = 1;
  std::int32_t leader = 0;  // the broker that leads all its partitions; 0: they are spread
  int replicas = 1;         // of partition 0: brokers 1, 2, ...; all are always in sync, whatever they do
};

// Every function may be called from any thread. They throw std::runtime_error when librdkafka refuses.
class EmbeddedCluster {
 public:
  explicit EmbeddedCluster(const std::vector<EmbeddedTopic>& topics, int broker_count = 1);
  ~EmbeddedCluster();
  EmbeddedCluster(const EmbeddedCluster&) = delete;
  EmbeddedCluster& operator=(const EmbeddedCluster&) = delete;

  std::string bootstrap_servers() const;  // "127.0.0.1:PORT,..."

  void create_topic(const EmbeddedTopic& topic);
  // Metadata about the topic carries this error code from now on (0: none any more).
  void set_topic_error(const std::string& topic, int code);
  // The next Produce requests, to any broker, are answered with these codes, the first one first (0: as
  // usual).
  void refuse_produce(const std::vector<int>& codes);
  // Those to this broker, each answer after that time.
  void refuse_produce_at(std::int32_t broker_id, const std::vector<int>& codes, int delay_ms = 0);
  void refuse_producer_ids(const std::vector<int>& codes);  // the same for InitProducerId, which comes first
  void set_broker_up(std::int32_t broker_id, bool up);      // ids start at 1; down: its port is closed
  void set_broker_delay(std::int32_t broker_id, int delay_ms);
  // The answer to the next Produce request, and after it all others on that connection.
  void delay_produce_at(std::int32_t broker_id, int delay_ms);
  // Counts Produce requests that have reached a broker since the first call, which returns 0.
  std::size_t produce_requests();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ringpost::kafka
