// librdkafka's mock cluster in a process of its own, so that a test can pause and kill "Kafka".
#pragma once

#include <signal.h>

#include <cstdint>
#include <string>
#include <vector>

#include "tests/support/process.hpp"

namespace ringpost::tests {

class MockCluster {
 public:
  // Each topic with that many partitions.
  explicit MockCluster(const std::vector<std::string>& topics, int partitions = 4);

  const std::string& brokers() const {
    return brokers_;
  }  // as `brokers` of the configuration: "127.0.0.1:39123"

  void pause() const { process_.signal(SIGSTOP); }  // connections stay open, nothing answers
  void resume() const { process_.signal(SIGCONT); }
  void kill();  // its port refuses connections afterwards, and its topics are gone

 private:
  Process process_;
  std::string brokers_;
};

}  // namespace ringpost::tests
