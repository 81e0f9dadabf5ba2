#include "daemon/command/check_command.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <iterator>
#include <stdexcept>

#include "daemon/command/endpoint.hpp"
#include "daemon/command/exit_codes.hpp"
#include "daemon/config/memory_bound.hpp"
#include "kafka/examine.hpp"
#include "kafka/secrets.hpp"

namespace ringpost::daemon {
namespace {

// The configured names without patterns: a pattern is no question that a cluster can answer.
std::vector<std::string> names_of(const InstanceConfig& instance) {
  std::vector<std::string> names;
  std::ranges::copy_if(instance.topics, std::back_inserter(names),
                       [](const std::string& topic) { return !topic.ends_with('*'); });
  return names;
}

bool print_topics(const kafka::ClusterAnswer& answer, std::size_t asked) {
  bool good = true;
  for (const kafka::ClusterAnswer::Topic& topic : answer.topics) {
    if (!topic.may_write) {
      fmt::print("  topic {}: {} partitions; no right to write to it (ACL Write)\n", topic.name,
                 topic.partition_count);
      good = false;
    } else if (topic.problem.empty()) {
      fmt::print("  topic {}: {} partitions\n", topic.name, topic.partition_count);
    } else {
      fmt::print("  topic {}: {}\n", topic.name, topic.problem);
      good = false;
    }
  }
  if (answer.topics.size() < asked) {
    fmt::print("  {} more topics were not asked for\n", asked - answer.topics.size());
  }
  return good;
}

bool try_instance(const InstanceConfig& instance) {
  if (instance.embedded) {
    fmt::print("instance {}: embedded: the cluster is inside the daemon\n", instance.name);
    return true;
  }
  kafka::ClusterQuestion question;
  question.instance = instance.name;
  question.bootstrap_servers = fmt::format("{}", fmt::join(instance.brokers, ","));
  question.properties = kafka::with_secrets(instance.librdkafka, instance.secret_files);
  question.topics = names_of(instance);
  const kafka::ClusterAnswer answer = kafka::examine_cluster(question);
  if (!answer.problem.empty()) {
    fmt::print("instance {}: no broker of {} answered: {}\n", instance.name, question.bootstrap_servers,
               answer.problem);
    return false;
  }
  fmt::print("instance {}: connected; the cluster has {} brokers: {}\n", instance.name, answer.brokers.size(),
             fmt::join(answer.brokers, ", "));
  return print_topics(answer, question.topics.size());
}

}  // namespace

int run_check(const CheckOptions& options) {
  const LoadResult loaded = load(options.file);
  if (!loaded.config) {
    print_problems(loaded, options.file);
    return kExitConfig;
  }
  fmt::print("{}: good, {} {}\n", options.file, loaded.config->instances.size(),
             loaded.config->instances.size() == 1 ? "instance" : "instances");
  fmt::print(
      "ringpostd needs at most {} MiB of memory with it; lanes of up to {} MiB (lane_memory_max) are among "
      "them\n",
      (memory_bound_bytes(*loaded.config) + kMiB - 1) / kMiB,
      loaded.config->daemon.lane_memory_max_bytes / kMiB);
  if (!options.connect) {
    return kExitOk;
  }
  bool good = true;
  for (const InstanceConfig& instance : loaded.config->instances) {
    good = try_instance(instance) && good;
  }
  return good ? kExitOk : kExitFailed;
}

}  // namespace ringpost::daemon
