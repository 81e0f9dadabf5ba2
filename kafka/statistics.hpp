// What is read from librdkafka's statistics: whether a broker connection is up.
#pragma once

#include <memory>
#include <string_view>

namespace ringpost::kafka {

struct BrokerStates {
  int up = 0;          // connections in state UP
  int idle = 0;        // INIT: nothing wanted of it yet, or ended while idle; says nothing about reachability
  int struggling = 0;  // DOWN, TRY_CONNECT, CONNECT, ...: wanted, and not there
};

// Keeps the parser's memory from one report to the next.
class StatisticsReader {
 public:
  StatisticsReader();
  ~StatisticsReader();

  // False when the text is not librdkafka's statistics; `out` is then untouched.
  bool read(std::string_view json, BrokerStates& out);

 private:
  struct Parser;
  std::unique_ptr<Parser> parser_;
};

}  // namespace ringpost::kafka
