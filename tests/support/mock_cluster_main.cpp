// librdkafka's mock cluster as a program: prints its address, does what its standard input says (a line "down N" or "up N"
// closes or opens the port of broker N, and it says so when that is done), and ends with it.
//
//   mock_cluster BROKERS PARTITIONS TOPIC[@LEADER]...
#include <cstdint>
#include <iostream>
#include <string>
#include <vector>

#include "kafka/embedded_cluster.hpp"

namespace {

ringpost::kafka::EmbeddedTopic topic_of(const std::string& word, std::int32_t partitions) {
  const std::size_t at = word.find('@');
  if (at == std::string::npos) return {word, partitions, 0};
  return {word.substr(0, at), partitions, std::stoi(word.substr(at + 1))};
}

}  // namespace

int main(int argument_count, char** arguments) {
  if (argument_count < 4) return 2;
  const int brokers = std::stoi(arguments[1]);
  const auto partitions = static_cast<std::int32_t>(std::stoi(arguments[2]));
  std::vector<ringpost::kafka::EmbeddedTopic> topics;
  for (int index = 3; index < argument_count; ++index)
    topics.push_back(topic_of(arguments[index], partitions));
  ringpost::kafka::EmbeddedCluster cluster(topics, brokers);
  std::cout << cluster.bootstrap_servers() << std::endl;
  std::string word;
  for (std::int32_t broker = 0; std::cin >> word >> broker;) {
    cluster.set_broker_up(broker, word == "up");
    std::cout << word << std::endl;
  }
  return 0;
}
