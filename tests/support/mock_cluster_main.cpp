// librdkafka's mock cluster as a program: prints its addresses, and ends when its standard input does.
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
  const std::vector<std::string> topics(arguments + 2, arguments + argument_count);
  const ringpost::kafka::EmbeddedCluster cluster(topics, static_cast<std::int32_t>(std::stoi(arguments[1])));
  std::cout << cluster.bootstrap_servers() << std::endl;
  std::cin.ignore(std::numeric_limits<std::streamsize>::max());
  return 0;
}
