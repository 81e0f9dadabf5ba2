#include "kafka/statistics.hpp"

#include <simdjson.h>

namespace ringpost::kafka {

struct StatisticsReader::Parser {
  simdjson::dom::parser dom;
};

StatisticsReader::StatisticsReader() : parser_(std::make_unique<Parser>()) {}
StatisticsReader::~StatisticsReader() = default;

bool StatisticsReader::read(std::string_view json, BrokerStates& out) {
  simdjson::dom::object brokers;
  if (parser_->dom.parse(json.data(), json.size())["brokers"].get(brokers) != simdjson::SUCCESS) {
    return false;
  }
  BrokerStates states;
  for (const auto& [name, broker] : brokers) {
    std::string_view source;
    std::string_view state;
    if (broker["source"].get(source) != simdjson::SUCCESS ||
        broker["state"].get(state) != simdjson::SUCCESS) {
      return false;
    }
    if (source == "internal" || source == "logical") {
      continue;  // librdkafka's own bookkeeping, and coordinators that no address belongs to
    }
    if (state == "UP" || state == "REAUTH") {
      ++states.up;
    } else if (state == "INIT") {
      ++states.idle;
    } else {
      ++states.struggling;
    }
  }
  out = states;
  return true;
}

}  // namespace ringpost::kafka
