#include "tests/support/mock_cluster.hpp"

#include <stdexcept>

namespace ringpost::tests {
namespace {

std::vector<std::string> command(const std::vector<std::string>& topics, int partitions, int brokers,
                                 std::vector<std::string> words) {
  words.insert(words.end(), {program("mock_cluster"), std::to_string(brokers), std::to_string(partitions)});
  words.insert(words.end(), topics.begin(), topics.end());
  return words;
}

}  // namespace

MockCluster::MockCluster(const std::vector<std::string>& topics, int partitions, int brokers,
                         const std::vector<std::string>& under)
    : process_(command(topics, partitions, brokers, under),
               {.standard_input = "", .hold_standard_input = true, .environment = {}}) {
  const bool started =
      wait_until([this] { return process_.output().ends_with('\n') || !process_.running(); });
  brokers_ = process_.output();
  if (!started || brokers_.empty())
    throw std::runtime_error("mock_cluster did not start: " + process_.errors());
  brokers_.pop_back();
}

// What is published next must not find the broker that has not heard yet that it is down.
void MockCluster::tell(const std::string& command) const {
  const std::size_t before = process_.output().size();
  process_.write(command + "\n");
  if (!wait_until([&] { return process_.output().size() > before; }))
    throw std::runtime_error("mock_cluster does not answer to " + command + ": " + process_.errors());
}

void MockCluster::kill() {
  process_.signal(SIGKILL);
  process_.wait();
}

}  // namespace ringpost::tests
