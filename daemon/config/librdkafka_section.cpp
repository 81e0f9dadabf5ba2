#include <algorithm>
#include <array>

#include "daemon/config/sections.hpp"
#include "daemon/config/values.hpp"

namespace ringpost::daemon {
namespace {

struct Owned {
  std::string_view property;
  std::string_view reason;
};

constexpr std::string_view kOrder = "the order of a key's events depends on it";
constexpr std::string_view kLoss = "that nothing is lost depends on it";
constexpr std::string_view kWindow = "Ringpost bounds each partition's window itself";
constexpr std::string_view kReports = "Ringpost reads librdkafka's reports through it";
constexpr std::string_view kTest = "a test cluster is started by brokers = \"embedded\"";

// The properties that Ringpost sets itself, each with the reason why a configuration can't.
constexpr std::array kOwned{
    Owned{"acks", kLoss},
    Owned{"allow.auto.create.topics", "topics are created by administrators only"},
    Owned{"background_event_cb", kReports},
    Owned{"bootstrap.servers", "use the instance's key 'brokers'"},
    Owned{"delivery.report.only.error", kReports},
    Owned{"delivery.timeout.ms", "use the instance's key 'send_timeout'"},
    Owned{"dr_cb", kReports},
    Owned{"dr_msg_cb", kReports},
    Owned{"enable.gapless.guarantee", kOrder},
    Owned{"enable.idempotence", kOrder},
    Owned{"linger.ms", "use the instance's key 'linger'"},
    Owned{"max.in.flight", kOrder},
    Owned{"max.in.flight.requests.per.connection", kOrder},
    Owned{"message.send.max.retries", kLoss},
    Owned{"message.timeout.ms", "use the instance's key 'send_timeout'"},
    Owned{"metadata.broker.list", "use the instance's key 'brokers'"},
    Owned{"partitioner", "a key's partition must be the one that Java's producer chooses"},
    Owned{"queue.buffering.max.kbytes", kWindow},
    Owned{"queue.buffering.max.messages", kWindow},
    Owned{"queue.buffering.max.ms", "use the instance's key 'linger'"},
    Owned{"queuing.strategy", kOrder},
    Owned{"request.required.acks", kLoss},
    Owned{"retries", kLoss},
    Owned{"statistics.interval.ms", "Ringpost reads the state of connections from the statistics"},
    Owned{"test.mock.broker.rtt", kTest},
    Owned{"test.mock.num.brokers", kTest},
    Owned{"transactional.id", "Ringpost does not use transactions"},
};

std::string scalar_text(const toml::node& node) {
  if (const auto* text = node.as_string()) {
    return text->get();
  }
  if (const auto* number = node.as_integer()) {
    return fmt::format("{}", number->get());
  }
  return node.as_boolean()->get() ? "true" : "false";
}

// `prefix` is what the names of enclosing tables add up to: without quotes, security.protocol is a table in a
// table.
void read_properties(const toml::table& table, const std::string& prefix, const std::string& path,
                     Problems& problems, std::map<std::string, std::string>& properties) {
  for (const auto& [key, node] : table) {
    const std::string name = prefix + std::string(key.str());
    if (const auto* nested = node.as_table()) {
      read_properties(*nested, name + ".", path, problems, properties);
      continue;
    }
    const std::string full_key = join_key(path, name);
    const auto owned = std::ranges::find(kOwned, std::string_view(name), &Owned::property);
    if (name.empty() || name.find('\0') != std::string::npos) {
      problems.add(key.source().begin, full_key, "is not a property's name");
    } else if (owned != kOwned.end()) {
      problems.add(key.source().begin, full_key, fmt::format("is set by Ringpost: {}", owned->reason));
    } else if (!node.is_string() && !node.is_integer() && !node.is_boolean()) {
      problems.add(node.source().begin, full_key,
                   fmt::format("is {}; expected a string, an integer or a boolean", type_name(node)));
    } else if (const std::string text = scalar_text(node); text.find('\0') != std::string::npos) {
      problems.add(node.source().begin, full_key, "holds a NUL character");
    } else if (!properties.emplace(name, text).second) {
      problems.add(key.source().begin, full_key, "stands there twice, once with quotes and once without");
    }
  }
}

}  // namespace

std::map<std::string, std::string> read_librdkafka(const toml::table& table, const std::string& path,
                                                   Problems& problems) {
  std::map<std::string, std::string> properties;
  read_properties(table, "", path, problems, properties);
  return properties;
}

}  // namespace ringpost::daemon
