// librdkafka's mock cluster as a program: prints its address, and ends when its standard input does.
//
//   mock_cluster PARTITIONS TOPIC...
#include <cstdint>
#include <iostream>
#include <limits>
#include <string>
#include <vector>

#include "kafka/embedded_cluster.hpp"

int main(int argument_count, char** arguments) {
  if (argument_count < 3) return 2;
  const auto partitions = static_cast<std::int32_t>(std::stoi(arguments[1]));
  std::vector<ringpost::kafka::EmbeddedTopic> topics;
  for (int index = 2; index < argument_count; ++index) topics.push_back({arguments[index], partitions});
  const ringpost::kafka::EmbeddedCluster cluster(topics);
  std::cout << cluster.bootstrap_servers() << std::endl;
  std::cin.ignore(std::numeric_limits<std::streamsize>::max());
  return 0;
}
