#include "tests/support/mock_cluster.hpp"

#include <algorithm>
#include <filesystem>
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

// What is published next must not find the broker that has not heard yet that it is down.
void MockCluster::tell(const std::string& command) const {
  const std::size_t before = process_.output().size();
  process_.write(command + "\n");
  if (!wait_until([&] { return process_.output().size() > before; }))
    throw std::runtime_error("mock_cluster does not answer to " + command + ": " + process_.errors());
}

void MockCluster::pause() const {
  process_.signal(SIGSTOP);
  const auto stands = [](const std::filesystem::path& thread) {
    const std::string stat = read_file(thread / "stat");  // NUMBER (NAME) STATE ...
    const std::size_t name_end = stat.rfind(')');
    return name_end == std::string::npos || stat.compare(name_end, 3, ") T") == 0;
  };
  const std::filesystem::path threads = "/proc/" + std::to_string(process_.pid()) + "/task";
  const bool all_stand = wait_until([&] {
    const std::filesystem::directory_iterator all(threads);
    return std::all_of(begin(all), end(all), stands);
  });
  if (!all_stand) throw std::runtime_error("mock_cluster does not stop");
}

void MockCluster::kill() {
  process_.signal(SIGKILL);
  process_.wait();
}

}  // namespace ringpost::tests
