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
  // Each topic with that many partitions; "NAME@2" is led by the second broker, if there are so many. `under`: a program
  // that becomes it.
  explicit MockCluster(const std::vector<std::string>& topics, int partitions = 4, int brokers = 1,
                       const std::vector<std::string>& under = {});

  const std::string& brokers() const {
    return brokers_;
  }  // as `brokers` of the configuration: "127.0.0.1:39123"

  pid_t pid() const { return process_.pid(); }
  void pause() const { pause_process(process_.pid()); }  // connections stay open, nothing answers
  void resume() const { process_.signal(SIGCONT); }
  // One broker's port is closed, and open again, when this returns. What it leads stays with it.
  void stop_broker(int number) const { tell("down " + std::to_string(number)); }
  void start_broker(int number) const { tell("up " + std::to_string(number)); }
  void kill();  // its port refuses connections afterwards, and its topics are gone

 private:
  void tell(const std::string& command) const;

  Process process_;
  std::string brokers_;
};

}  // namespace ringpost::tests
