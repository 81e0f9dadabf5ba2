#include "tests/kafka_states/brokers.hpp"

#include <chrono>
#include <memory>
#include <stdexcept>

#include <boost/algorithm/string/classification.hpp>
#include <boost/algorithm/string/replace.hpp>
#include <boost/algorithm/string/split.hpp>
#include <boost/algorithm/string/trim.hpp>

namespace ringpost::tests {
namespace {

constexpr std::chrono::minutes kStartDeadline{4};  // the first time, Maven fetches the jars

}  // namespace

Brokers& Brokers::shared() {
  static Brokers brokers;
  return brokers;
}

Brokers::Brokers() {
  addresses_ = boost::algorithm::trim_copy(
      kit({"up", "--brokers", std::to_string(kBrokers), "--property", "auto.create.topics.enable=true"}));
}

Brokers::~Brokers() {
  run({source_file("tests/kafka-cluster/kafka-cluster"), directory_.path().string(), "down"});
}

std::string Brokers::configuration(const std::string& topics) const {
  return "[instance.kafkaid]\nbrokers = [\"" + boost::algorithm::replace_all_copy(addresses_, ",", "\", \"") +
         "\"]\ntopics = [" + topics + "]\n";
}

void Brokers::create_topic(const std::string& name, int partitions) const {
  kit({"topic", name, "--partitions", std::to_string(partitions)});
}

std::vector<std::string> Brokers::topics() const {
  std::vector<std::string> lines;
  const std::string output =
      kit({"exec", "org.apache.kafka.tools.TopicCommand", "--bootstrap-server", addresses_, "--list"});
  boost::algorithm::split(lines, output, boost::algorithm::is_any_of("\n"));
  lines.pop_back();
  return lines;
}

void Brokers::configure_topic(const std::string& name, const std::string& setting) const {
  kit({"exec", "kafka.admin.ConfigCommand", "--bootstrap-server", addresses_, "--alter", "--entity-type",
       "topics", "--entity-name", name, "--add-config", setting});
}

void Brokers::command(const std::string& what, int broker) const {
  std::vector<std::unique_ptr<Process>> running;  // together: one alone has no quorum to start with
  for (int number = 1; number <= kBrokers; ++number) {
    if (broker != 0 && broker != number) continue;
    running.push_back(std::make_unique<Process>(
        std::vector<std::string>{source_file("tests/kafka-cluster/kafka-cluster"), directory_.path().string(),
                                 what, std::to_string(number)}));
  }
  for (const std::unique_ptr<Process>& each : running) {
    if (each->wait(kStartDeadline) != 0) throw std::runtime_error(what + ": " + each->errors());
  }
}

std::string Brokers::kit(std::vector<std::string> arguments) const {
  arguments.insert(arguments.begin(),
                   {source_file("tests/kafka-cluster/kafka-cluster"), directory_.path().string()});
  const Outcome outcome = run(arguments, {}, kStartDeadline);
  if (outcome.status != 0) throw std::runtime_error("kafka-cluster " + arguments[2] + ": " + outcome.errors);
  return outcome.output;
}

}  // namespace ringpost::tests
