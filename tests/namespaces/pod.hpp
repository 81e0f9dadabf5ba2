// ringpostd in a container with its keeper as the first process, a Kafka that only this one can reach, and script hosts in containers of
// their own, which have nothing of it but the socket's folder.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tests/namespaces/container.hpp"
#include "tests/support/daemon.hpp"
#include "tests/support/mock_cluster.hpp"

namespace ringpost::tests {

class Pod {
 public:
  Pod();

  // The daemon's container; again after its end, over the same volumes.
  void start();
  Container& daemon() { return *daemon_; }
  pid_t ringpostd() const;  // as the machine sees it; 0: there is none now
  // What the next start reads; without it: kafkaid, and a stop that waits for brokers for a second.
  void write_config(const std::string& instances, const std::string& stop_timeout = "1s");
  std::string kafkaid() const;  // its table in the configuration

  // A script host that publishes {"n":0..} of `by` with the key `by`, `pause_us` after each, until it is killed.
  ContainerSpec publisher(const std::string& name, std::uint32_t events, std::uint32_t pause_us) const;
  // What it has been told is accepted, and the one that it was in when it ended.
  std::uint32_t accepted(const std::string& name) const;
  std::uint32_t attempted(const std::string& name) const;
  ContainerSpec host(std::vector<std::string> command) const;  // any other

  InstanceStatus status() const;
  std::string status_json() const;
  void wait_until_delivered(std::uint64_t count) const;
  std::vector<Record> records() const;
  // Empty, or what is not as it has to be: all of `name`'s accepted events are there, in order, and what came twice has
  // one identity.
  std::string what_is_wrong_with(const std::string& name) const;

  MockCluster& kafka() { return kafka_; }
  std::string folder(const std::string& name) const { return directory_.file(name); }

  static constexpr IdRange kHostIds{0, 300'000, 65'536};  // none of which the daemon's container has

 private:
  std::string make_folder(const std::string& name, const IdRange& owner) const;
  std::string accounts_file(const std::string& name) const;
  static std::vector<std::string> in_a_network_of_its_own();

  TemporaryDirectory directory_;
  MockCluster kafka_{{"orders"}, 1, 1, in_a_network_of_its_own()};
  std::unique_ptr<Container> daemon_;
};

}  // namespace ringpost::tests
