#include "tests/kafka_moods/three_brokers.hpp"

#include <chrono>
#include <memory>
#include <sstream>
#include <stdexcept>

#include <boost/json.hpp>

#include "tests/support/process.hpp"

namespace ringpost::tests {
namespace {

constexpr std::chrono::minutes kStartDeadline{4};  // the first time, Maven fetches the jars

}  // namespace

// A broker that is silent for 4 s is fenced. What retention ends is deleted at once, not within minutes.
ThreeBrokers::ThreeBrokers() {
  std::istringstream lines(
      kit({"up", "--brokers", "3", "--proxied", "--property", "broker.session.timeout.ms=4000", "--property",
           "broker.heartbeat.interval.ms=500", "--property", "log.initial.task.delay.ms=200", "--property",
           "log.retention.check.interval.ms=300"}));
  std::getline(lines, addresses_);
  std::istringstream ports(kit({"proxied"}));
  for (BehindProxy each; ports >> each.listener >> each.advertised;) behind_proxies_.push_back(each);
}

ThreeBrokers::~ThreeBrokers() { run(command({"down"})); }

void ThreeBrokers::tell(const std::string& command, int broker) const {
  kit({command, std::to_string(broker)});
}

void ThreeBrokers::start(const std::vector<int>& brokers) const {
  std::vector<std::unique_ptr<Process>> starting;
  for (const int broker : brokers)
    starting.push_back(std::make_unique<Process>(command({"start", std::to_string(broker)})));
  for (const auto& start : starting) {
    if (start->wait(kStartDeadline) != 0) throw std::runtime_error("kafka-cluster start: " + start->errors());
  }
}

int ThreeBrokers::active_controller() const {
  std::int64_t latest = -1;
  int leader = -1;
  for (const char* broker : {"broker1", "broker2", "broker3"}) {
    const std::string text =
        read_file(directory_.path() / broker / "data" / "__cluster_metadata-0" / "quorum-state");
    if (text.empty()) continue;
    const boost::json::value state = boost::json::parse(text);
    const auto epoch = state.at("leaderEpoch").to_number<std::int64_t>();
    if (epoch <= latest) continue;
    latest = epoch;
    leader = state.at("leaderId").to_number<int>();
  }
  return leader;
}

std::string ThreeBrokers::execute(std::vector<std::string> words) const {
  words.insert(words.begin(), "exec");
  return kit(std::move(words));
}

std::vector<std::string> ThreeBrokers::command(std::vector<std::string> words) const {
  words.insert(words.begin(), {source_file("tests/kafka-cluster/kafka-cluster"), directory_.path().string()});
  return words;
}

std::string ThreeBrokers::kit(std::vector<std::string> words) const {
  const std::string what = "kafka-cluster " + words.at(0);
  const Outcome outcome = run(command(std::move(words)), {}, kStartDeadline);
  if (outcome.status != 0) throw std::runtime_error(what + ": " + outcome.errors);
  return outcome.output;
}

}  // namespace ringpost::tests
