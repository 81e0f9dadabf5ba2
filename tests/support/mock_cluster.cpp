#include "tests/support/mock_cluster.hpp"

#include <stdexcept>

namespace ringpost::tests {
namespace {

std::vector<std::string> command(const std::vector<std::string>& topics, int partitions, int brokers) {
  std::vector<std::string> words{program("mock_cluster"), std::to_string(brokers),
                                 std::to_string(partitions)};
  words.insert(words.end(), topics.begin(), topics.end());
  return words;
}

}  // namespace

MockCluster::MockCluster(const std::vector<std::string>& topics, int partitions, int brokers)
    : process_(command(topics, partitions, brokers),
               {.standard_input = "", .hold_standard_input = true, .environment = {}}) {
  const bool started =
      wait_until([this] { return process_.output().ends_with('\n') || !process_.running(); });
  brokers_ = process_.output();
  if (!started || brokers_.empty())
    throw std::runtime_error("mock_cluster did not start: " + process_.errors());
  brokers_.pop_back();
}

void MockCluster::kill() {
  process_.signal(SIGKILL);
  process_.wait();
}

}  // namespace ringpost::tests
