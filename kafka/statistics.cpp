#include "kafka/statistics.hpp"

#include <simdjson.h>

#include <optional>
#include <utility>

namespace ringpost::kafka {
namespace {

using simdjson::dom::element;

BrokerReading::Link link_of(std::string_view state) {
  if (state == "UP" || state == "REAUTH") return BrokerReading::Link::kUp;
  return state == "INIT" ? BrokerReading::Link::kIdle : BrokerReading::Link::kStruggling;
}

struct BrokerFields {
  std::string_view name;
  std::string_view source;
  std::string_view state;
  std::string_view address;
  std::int64_t id = 0;
  std::int64_t waiting = 0;
  std::int64_t quiet_us = 0;
  std::int64_t rtt_us = 0;
  simdjson::dom::object partitions;
};

std::optional<BrokerFields> read_fields(const element& broker) {
  BrokerFields fields;
  const bool complete = broker["name"].get(fields.name) == simdjson::SUCCESS &&
                        broker["source"].get(fields.source) == simdjson::SUCCESS &&
                        broker["state"].get(fields.state) == simdjson::SUCCESS &&
                        broker["nodename"].get(fields.address) == simdjson::SUCCESS &&
                        broker["nodeid"].get(fields.id) == simdjson::SUCCESS &&
                        broker["waitresp_cnt"].get(fields.waiting) == simdjson::SUCCESS &&
                        broker["rxidle"].get(fields.quiet_us) == simdjson::SUCCESS &&
                        broker["rtt"]["min"].get(fields.rtt_us) == simdjson::SUCCESS &&
                        broker["toppars"].get(fields.partitions) == simdjson::SUCCESS;
  return complete ? std::optional(fields) : std::nullopt;
}

}  // namespace

struct StatisticsReader::Parser {
  simdjson::dom::parser dom;
};

StatisticsReader::StatisticsReader() : parser_(std::make_unique<Parser>()) {}
StatisticsReader::~StatisticsReader() = default;

bool StatisticsReader::read(std::string_view json, std::vector<BrokerReading>& out) {
  simdjson::dom::object brokers;
  if (parser_->dom.parse(json.data(), json.size())["brokers"].get(brokers) != simdjson::SUCCESS) {
    return false;
  }
  std::vector<BrokerReading> readings;
  for (const auto& [name, broker] : brokers) {
    const std::optional<BrokerFields> fields = read_fields(broker);
    if (!fields) {
      return false;
    }
    if (fields->source == "internal" || fields->source == "logical") {
      continue;  // librdkafka's own bookkeeping, and coordinators that no address belongs to
    }
    readings.push_back({.id = static_cast<std::int32_t>(fields->id),
                        .name = std::string(fields->name),
                        .address = std::string(fields->address),
                        .link = link_of(fields->state),
                        .leads = fields->partitions.begin() != fields->partitions.end(),
                        .waits = fields->waiting > 0,
                        .quiet_us = fields->quiet_us,
                        .rtt_us = fields->rtt_us});
  }
  out = std::move(readings);
  return true;
}

}  // namespace ringpost::kafka
