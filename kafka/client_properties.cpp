#include "kafka/client_properties.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <stdexcept>

#include "kafka/certificate_check.hpp"

namespace ringpost::kafka {
namespace {

constexpr std::array kProducerTable = {
    Property{"enable.idempotence", "true", true,
             "no reordering and no duplicates across librdkafka's own retries"},
    Property{"enable.gapless.guarantee", "true", true,
             "a refusal ends the producer before a follower can overtake the refused batch"},
    Property{"acks", "all", true, "an acknowledged event survives the loss of a broker"},
    Property{"allow.auto.create.topics", "false", true,
             "topics are created by administrators; the default is true"},
    Property{"message.timeout.ms", "0", true, "deadlines are ours: librdkafka's fire late and leave gaps"},
    Property{"enable.metrics.push", "false", false, "what a host does is nobody's business by default"},
    Property{"statistics.interval.ms", "500", true, "the connection's state is read from the statistics"},
    Property{"compression.codec", "lz4", false, "more throughput on one machine: it saves the broker's CPU"},
    Property{"reconnect.backoff.max.ms", "1000", false, "the default of 10 s makes recovery late"},
    Property{"topic.metadata.refresh.interval.ms", "30000", false,
             "new partitions are used within half a minute"},
    Property{
        "topic.metadata.propagation.max.ms", "3600000", true,
        "one broker's stale 'no such topic' must not fail good records; missing topics are ours to find out"},
    Property{"message.max.bytes", "104857600", false,
             "a topic's own limit decides, not the default of 1,000,000"},
    Property{"delivery.report.only.error", "false", true, "every event is accounted for"},
    Property{"queuing.strategy", "fifo", true, "same key, same order"},
    Property{"batch.size", "524288", false, "a refused batch is re-sent one by one, so not too many in one"},
    Property{"batch.num.messages", "10000", false, "as librdkafka's default"},
    Property{"queue.buffering.max.messages", "0", true, "no limit: our windows are the limit"},
    Property{"queue.buffering.max.kbytes", "2097151", true, "far above all windows together"},
    Property{"retries", "2147483647", true, "retried until it is delivered or refused"},
};

struct Name {
  std::string_view other;
  std::string_view ours;
};

// Second names that librdkafka knows for properties of the table.
constexpr std::array kAliases = {
    Name{"request.required.acks", "acks"},
    Name{"delivery.timeout.ms", "message.timeout.ms"},
    Name{"message.send.max.retries", "retries"},
    Name{"compression.type", "compression.codec"},
    Name{"queue.buffering.max.ms", "linger.ms"},
    Name{"max.in.flight", "max.in.flight.requests.per.connection"},
};

constexpr std::array kNotForOverride = {
    Name{"bootstrap.servers", "the instance's brokers set it"},
    Name{"metadata.broker.list", "the instance's brokers set it"},
    Name{"transactional.id", "Ringpost sends no transactions"},
    Name{"partitioner",
         "Ringpost chooses the partition, as Java's producer does: same key, same partition, same order"},
};

constexpr std::string_view kInFlight = "max.in.flight.requests.per.connection";
constexpr unsigned long kMaxInFlight = 5;

std::string canonical(const std::string& name) {
  const auto alias =
      std::find_if(kAliases.begin(), kAliases.end(), [&name](const Name& a) { return a.other == name; });
  return alias == kAliases.end() ? name : std::string(alias->ours);
}

void apply_overrides(Properties& properties, const Properties& overrides) {
  for (const auto& [given, value] : overrides) {
    for (const Name& forbidden : kNotForOverride) {
      if (given == forbidden.other) {
        throw std::invalid_argument("librdkafka property " + given +
                                    " can't be set: " + std::string(forbidden.ours));
      }
    }
    const std::string name = canonical(given);
    const auto row = std::find_if(kProducerTable.begin(), kProducerTable.end(),
                                  [&name](const Property& property) { return property.name == name; });
    if (row != kProducerTable.end() && row->fixed && row->value != value) {
      throw std::invalid_argument("librdkafka property " + given + " is fixed to " + std::string(row->value) +
                                  ": " + std::string(row->why) +
                                  "; remove it from the instance's librdkafka table");
    }
    if (name == kInFlight && std::strtoul(value.c_str(), nullptr, 10) > kMaxInFlight) {
      throw std::invalid_argument(
          "librdkafka property " + given + " is at most " + std::to_string(kMaxInFlight) +
          ": same key, same order: brokers put no more than that in order when a batch is sent again");
    }
    properties[name] = value;
  }
}

void set_identity(Properties& properties, const ClientIdentity& identity) {
  properties.insert({"client.id", "ringpost-" + identity.instance});
  properties["bootstrap.servers"] = identity.bootstrap_servers;
}

// Names under which security and transport live; a client that only asks needs nothing else.
bool concerns_transport(std::string_view name) {
  constexpr std::array<std::string_view, 9> kPrefixes = {
      "security.",   "sasl.",     "ssl.",        "socket.", "broker.address.",
      "client.dns.", "client.id", "enable.ssl.", "https.",
  };
  return std::any_of(kPrefixes.begin(), kPrefixes.end(),
                     [name](std::string_view prefix) { return name.starts_with(prefix); });
}

}  // namespace

std::span<const Property> producer_property_table() { return kProducerTable; }

Properties producer_properties(const ClientIdentity& identity, const Properties& overrides,
                               std::chrono::milliseconds linger) {
  Properties properties;
  for (const Property& row : kProducerTable) {
    properties.emplace(row.name, row.value);
  }
  properties["linger.ms"] = std::to_string(linger.count());
  apply_overrides(properties, overrides);
  set_identity(properties, identity);
  return properties;
}

Properties plain_properties(const ClientIdentity& identity, const Properties& overrides) {
  Properties properties;
  for (const auto& [name, value] : overrides) {
    if (concerns_transport(name)) {
      properties[name] = value;
    }
  }
  properties["reconnect.backoff.max.ms"] = "1000";
  properties["allow.auto.create.topics"] = "false";
  properties["enable.metrics.push"] = "false";
  set_identity(properties, identity);
  return properties;
}

ConfHandle make_conf(const Properties& properties) {
  ConfHandle conf(rd_kafka_conf_new());
  std::array<char, 512> text{};
  for (const auto& [name, value] : properties) {
    if (rd_kafka_conf_set(conf.get(), name.c_str(), value.c_str(), text.data(), text.size()) !=
        RD_KAFKA_CONF_OK) {
      throw std::invalid_argument("librdkafka property " + name + ": " + text.data());
    }
  }
  // What matters comes as error events; the default would write to stderr, beside our logs.
  rd_kafka_conf_set_log_cb(conf.get(), nullptr);
  explain_certificates(conf.get());
  return conf;
}

}  // namespace ringpost::kafka
