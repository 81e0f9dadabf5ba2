// org.apache.kafka.tools.ProducerPerformance as Kafka's own script starts it: the rival that is Java's.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

#include "bench/contest.hpp"

namespace ringpost::bench {

struct PerformanceTool {
  std::string class_path;
  std::string brokers;
  pid_t broker = 0;
  std::string topic;
  std::string codec;
  std::uint64_t messages = 0;

  // Returns when all is acknowledged. What its virtual machine does in the first five seconds, while it loads and
  // compiles, counts for nothing, as long as it takes longer than that: its rate is of what comes after.
  Cost run() const;
};

}  // namespace ringpost::bench
