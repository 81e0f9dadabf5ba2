#include "daemon/command/status_reading.hpp"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <array>
#include <stdexcept>

#include "daemon/config/values.hpp"

namespace ringpost::daemon {
namespace {

using simdjson::dom::element;

std::string text(const element& object, std::string_view name) {
  return std::string(std::string_view(object[name]));
}

std::uint64_t count(const element& object, std::string_view name) { return object[name].get_uint64(); }

std::map<std::string, std::uint64_t> counts(const element& object, std::string_view name) {
  std::map<std::string, std::uint64_t> result;
  for (const auto field : object[name].get_object()) {
    result.emplace(field.key, field.value.get_uint64());
  }
  return result;
}

std::uint64_t sum(const std::map<std::string, std::uint64_t>& by_name) {
  std::uint64_t total = 0;
  for (const auto& [name, number] : by_name) {
    total += number;
  }
  return total;
}

InstanceReading read_instance_status(const element& object) {
  InstanceReading reading;
  reading.name = text(object, "name");
  reading.state = text(object, "state");
  reading.last_error = text(object, "last_error");
  reading.unreachable = text(object, "unreachable");
  reading.trouble = text(object, "trouble");
  reading.credentials_problem = text(object, "credentials_problem");
  reading.brokers = text(object, "brokers");
  for (const element topic : object["topics"].get_array()) {
    if (text(topic, "state") == "missing") reading.missing_topics.push_back(text(topic, "name"));
  }
  reading.clients = count(object, "clients");
  reading.lanes = count(object, "lanes");
  reading.accepted = count(object, "accepted");
  reading.delivered = count(object, "delivered");
  reading.waiting = count(object, "waiting");
  reading.dead_letters = count(object, "dead_letters");
  reading.dead_letters_by_reason = counts(object, "dead_letters_by_reason");
  reading.refused = counts(object, "refused");
  reading.oldest_waiting_ms = count(object, "oldest_waiting_ms");
  reading.buffer_bytes = count(object, "buffer_bytes");
  reading.buffer_used_bytes = count(object, "buffer_used_bytes");
  reading.waiting_on_disk = count(object, "waiting_on_disk");
  reading.missing_on_disk = count(object, "missing_on_disk");
  const element disk = object["disk"];
  reading.disk_problem = text(disk, "problem");
  reading.spool_bytes = count(disk, "spool_bytes");
  reading.spool_max_bytes = count(disk, "spool_max_bytes");
  reading.letters_kept = count(disk, "letters_kept");
  return reading;
}

// The two largest units: "3 d 4 h", "2 min 5 s", "0.3 s".
std::string for_people(std::uint64_t milliseconds) {
  const std::uint64_t seconds = milliseconds / 1'000;
  if (seconds < 60) {
    return fmt::format("{}.{} s", seconds, milliseconds % 1'000 / 100);
  }
  if (seconds < 3'600) {
    return fmt::format("{} min {} s", seconds / 60, seconds % 60);
  }
  if (seconds < 86'400) {
    return fmt::format("{} h {} min", seconds / 3'600, seconds % 3'600 / 60);
  }
  return fmt::format("{} d {} h", seconds / 86'400, seconds % 86'400 / 3'600);
}

std::string share(std::uint64_t used, std::uint64_t whole) {
  return whole == 0 ? "-" : fmt::format("{}% of {}", used * 100 / whole, format_size(whole));
}

constexpr std::size_t kColumns = 11;
using Row = std::array<std::string, kColumns>;

Row row_of(const InstanceReading& instance) {
  return {instance.name,
          instance.state,
          fmt::format("{}", instance.clients),
          fmt::format("{}", instance.lanes),
          fmt::format("{}", instance.accepted),
          fmt::format("{}", instance.delivered),
          fmt::format("{}", instance.waiting),
          fmt::format("{}", instance.dead_letters),
          fmt::format("{}", sum(instance.refused)),
          instance.waiting == 0 ? "-" : for_people(instance.oldest_waiting_ms),
          share(instance.buffer_used_bytes, instance.buffer_bytes)};
}

std::string aligned(const std::vector<Row>& rows) {
  std::array<std::size_t, kColumns> widths{};
  for (const Row& row : rows) {
    for (std::size_t i = 0; i < kColumns; ++i) {
      widths[i] = std::max(widths[i], row[i].size());
    }
  }
  std::string table;
  for (const Row& row : rows) {
    // The name and the state to the left, the figures to the right.
    table += fmt::format("{:<{}}  {:<{}}", row[0], widths[0], row[1], widths[1]);
    for (std::size_t i = 2; i < kColumns; ++i) {
      table += fmt::format("  {:>{}}", row[i], widths[i]);
    }
    table += '\n';
  }
  return table;
}

std::string by_name(const InstanceReading& instance, std::string_view what,
                    const std::map<std::string, std::uint64_t>& numbers) {
  std::string line;
  for (const auto& [name, number] : numbers) {
    if (number != 0) {
      line += fmt::format("{}{} {}", line.empty() ? "" : ", ", name, number);
    }
  }
  return line.empty() ? line : fmt::format("{}: {}: {}\n", instance.name, what, line);
}

// Scripts can make up names without end.
std::string missing_line(const InstanceReading& instance) {
  constexpr std::size_t kNamesMax = 10;
  std::string names;
  for (std::size_t at = 0; at < std::min(instance.missing_topics.size(), kNamesMax); ++at) {
    names += (at == 0 ? "" : ", ") + instance.missing_topics[at];
  }
  if (instance.missing_topics.size() > kNamesMax) {
    names += fmt::format(" and {} more", instance.missing_topics.size() - kNamesMax);
  }
  return names.empty() ? names : fmt::format("{}: the cluster has no topic {}\n", instance.name, names);
}

// What an administrator has to know of the disk, a line each; nothing where all is well and nothing is there.
std::string disk_lines(const InstanceReading& instance) {
  std::string lines;
  if (!instance.disk_problem.empty())
    lines += fmt::format("{}: disk: {}\n", instance.name, instance.disk_problem);
  if (instance.waiting_on_disk != 0) {
    lines += fmt::format("{}: {} of the waiting events are on disk, {}\n", instance.name,
                         instance.waiting_on_disk, share(instance.spool_bytes, instance.spool_max_bytes));
  }
  if (instance.missing_on_disk != 0) {
    lines += fmt::format(
        "{}: {} of the dead letters were on disk and are not there any more: the log names the files\n",
        instance.name, instance.missing_on_disk);
  }
  if (instance.letters_kept != 0) {
    lines += fmt::format("{}: {} dead letters are kept: ringpost dead-letters list --instance {}\n",
                         instance.name, instance.letters_kept, instance.name);
  }
  return lines;
}

}  // namespace

StatusReading read_status(std::string_view json) {
  try {
    simdjson::dom::parser parser;
    const element root = parser.parse(json.data(), json.size());
    StatusReading status;
    status.version = text(root, "version");
    status.librdkafka = text(root, "librdkafka");
    status.pid = count(root, "pid");
    status.uptime_s = count(root, "uptime_s");
    status.keeper = root["keeper"].get_bool();
    status.generation = count(root, "generation");
    status.reloads_refused = count(root, "reloads_refused");
    for (const element problem : root["configuration_problems"].get_array()) {
      status.configuration_problems.emplace_back(std::string_view(problem));
    }
    for (const element instance : root["instances"].get_array()) {
      status.instances.push_back(read_instance_status(instance));
    }
    return status;
  } catch (const simdjson::simdjson_error& error) {
    throw std::runtime_error(
        fmt::format("the daemon's status can't be read ({}): are ringpostd and ringpost of the same version?",
                    error.what()));
  }
}

std::vector<std::string> equation_faults(const StatusReading& status) {
  std::vector<std::string> faults;
  for (const InstanceReading& instance : status.instances) {
    const std::uint64_t accounted = instance.delivered + instance.waiting + instance.dead_letters;
    if (instance.accepted != accounted) {
      faults.push_back(
          fmt::format("{}: the counts do not add up: accepted {}, but delivered {} + waiting {} + dead "
                      "letters {} = {}; this is a fault of ringpostd, please report it",
                      instance.name, instance.accepted, instance.delivered, instance.waiting,
                      instance.dead_letters, accounted));
    }
  }
  return faults;
}

std::string status_table(const StatusReading& status) {
  std::string result = fmt::format("ringpostd {} (pid {}, up {}, librdkafka {}, {})\n\n", status.version,
                                   status.pid, for_people(status.uptime_s * 1'000), status.librdkafka,
                                   status.keeper ? "with keeper" : "no keeper");
  std::vector<Row> rows{{"INSTANCE", "STATE", "CLIENTS", "LANES", "ACCEPTED", "DELIVERED", "WAITING",
                         "DEAD LETTERS", "REFUSED", "OLDEST WAITING", "BUFFER USED"}};
  std::string details;
  for (const std::string& problem : status.configuration_problems) {
    details += fmt::format("the configuration was not taken: {}\n", problem);
  }
  for (const InstanceReading& instance : status.instances) {
    rows.push_back(row_of(instance));
    if (instance.state == "degraded") {
      details += fmt::format("{}: degraded: {}\n", instance.name, instance.unreachable);
    } else if (!instance.last_error.empty() && instance.state != "connected") {
      details += fmt::format("{}: {}: {}\n", instance.name, instance.state, instance.last_error);
    }
    if (!instance.trouble.empty())
      details += fmt::format("{}: not taken by Kafka: {}\n", instance.name, instance.trouble);
    if (!instance.credentials_problem.empty())
      details += fmt::format("{}: what its secrets and certificates are now is not used: {}\n", instance.name,
                             instance.credentials_problem);
    details += missing_line(instance);
    details += by_name(instance, "refused", instance.refused);
    details += by_name(instance, "dead letters", instance.dead_letters_by_reason);
    details += disk_lines(instance);
  }
  result += aligned(rows);
  return details.empty() ? result : result + '\n' + details;
}

}  // namespace ringpost::daemon
