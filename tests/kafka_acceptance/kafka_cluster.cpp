#include "tests/kafka_acceptance/kafka_cluster.hpp"

#include <chrono>
#include <stdexcept>

#include <boost/algorithm/string/classification.hpp>
#include <boost/algorithm/string/split.hpp>

namespace ringpost::tests {
namespace {

constexpr std::chrono::minutes kStartDeadline{4};  // the first time, Maven fetches the jars

}  // namespace

KafkaCluster::KafkaCluster(const std::vector<std::string>& options) {
  std::vector<std::string> arguments{"up"};
  arguments.insert(arguments.end(), options.begin(), options.end());
  brokers_ = kit(arguments).at(0);
}

KafkaCluster::~KafkaCluster() {
  run({source_file("tests/kafka-cluster/kafka-cluster"), directory_.path().string(), "down"});
}

KafkaCluster& KafkaCluster::shared() {
  static KafkaCluster cluster;
  return cluster;
}

std::string KafkaCluster::version() const { return read_file(directory_.path() / "version"); }

pid_t KafkaCluster::broker_pid() const { return std::stoi(read_file(directory_.path() / "broker1" / "pid")); }

std::string KafkaCluster::class_path() const { return kit({"classpath"}).at(0); }

std::filesystem::path KafkaCluster::segment(const std::string& topic, int partition) const {
  return directory_.path() / "broker1" / "data" / (topic + "-" + std::to_string(partition)) /
         "00000000000000000000.log";
}

void KafkaCluster::create_topics(const std::vector<NewTopic>& topics) const {
  std::vector<std::string> arguments{"topics"};
  for (const NewTopic& topic : topics) {
    std::string specification = topic.name + ":" + std::to_string(topic.partitions) + ":1";
    for (const std::string& setting : topic.settings) specification += ":" + setting;
    arguments.push_back(specification);
  }
  kit(arguments);
}

void KafkaCluster::create_topic(const std::string& name, int partitions) const {
  kit({"topic", name, "--partitions", std::to_string(partitions)});
}

void KafkaCluster::configure_topic(const std::string& name, const std::string& setting) const {
  kit({"exec", "kafka.admin.ConfigCommand", "--bootstrap-server", brokers_, "--alter", "--entity-type",
       "topics", "--entity-name", name, "--add-config", setting});
}

std::vector<std::string> KafkaCluster::consume_with_java(const std::string& topic, int count) const {
  std::vector<std::string> arguments{"exec",
                                     "org.apache.kafka.tools.consumer.ConsoleConsumer",
                                     "--bootstrap-server",
                                     brokers_,
                                     "--topic",
                                     topic,
                                     "--from-beginning",
                                     "--max-messages",
                                     std::to_string(count),
                                     "--timeout-ms",
                                     "60000"};
  for (const char* part : {"timestamp", "partition", "offset", "headers", "key"}) {
    arguments.insert(arguments.end(), {"--property", std::string("print.") + part + "=true"});
  }
  return kit(arguments);
}

// The lines that it printed.
std::vector<std::string> KafkaCluster::kit(std::vector<std::string> arguments) const {
  arguments.insert(arguments.begin(),
                   {source_file("tests/kafka-cluster/kafka-cluster"), directory_.path().string()});
  const Outcome outcome = run(arguments, {}, kStartDeadline);
  if (outcome.status != 0) throw std::runtime_error("kafka-cluster " + arguments[2] + ": " + outcome.errors);
  std::vector<std::string> lines;
  boost::algorithm::split(lines, outcome.output, boost::algorithm::is_any_of("\n"));
  lines.pop_back();
  return lines;
}

}  // namespace ringpost::tests
