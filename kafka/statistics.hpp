// What is read from librdkafka's statistics: how each broker's connection is.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace ringpost::kafka {

struct BrokerReading {
  enum class Link : std::uint8_t {
    kUp,
    kIdle,        // nothing wanted of it yet, or ended while idle: says nothing about reachability
    kStruggling,  // wanted, and not there
  };

  std::int32_t id = -1;  // -1: an address of the configuration; which broker is there is not known yet
  std::string name;      // as librdkafka's log calls it: "kafka1:9092/1"
  std::string address;   // "kafka1:9092"
  Link link = Link::kIdle;
  bool leads = false;         // a partition of a topic that we know
  bool waits = false;         // for the answer to a request
  std::int64_t quiet_us = 0;  // since the latest answer of any
  std::int64_t rtt_us = 0;    // the quickest answer since the last statistics; 0: there was none
};

// Keeps the parser's memory from one report to the next.
class StatisticsReader {
 public:
  StatisticsReader();
  ~StatisticsReader();

  // False when the text is not librdkafka's statistics; `out` is then untouched.
  bool read(std::string_view json, std::vector<BrokerReading>& out);

 private:
  struct Parser;
  std::unique_ptr<Parser> parser_;
};

}  // namespace ringpost::kafka
