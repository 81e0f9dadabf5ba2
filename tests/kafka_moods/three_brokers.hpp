// Three brokers that are controllers, too, by the kit in tests/kafka-cluster; each can be taken away and brought back.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/temporary_directory.hpp"

namespace ringpost::tests {

class ThreeBrokers {
 public:
  ThreeBrokers();   // throws when they do not start
  ~ThreeBrokers();  // kills them
  ThreeBrokers(const ThreeBrokers&) = delete;
  ThreeBrokers& operator=(const ThreeBrokers&) = delete;

  const std::string& addresses() const { return addresses_; }

  // kill, stop, pause, resume or wipe, as the kit has them.
  void tell(const std::string& command, int broker) const;
  // At once: a broker takes connections only when a majority of the controllers is there.
  void start(const std::vector<int>& brokers) const;
  // Which of them the controllers have chosen, as their files say.
  int active_controller() const;
  // One of Kafka's own programs; what it printed.
  std::string execute(std::vector<std::string> words) const;

  struct BehindProxy {
    std::uint16_t listener = 0;    // of the broker
    std::uint16_t advertised = 0;  // where clients of that listener are sent to
  };
  const std::vector<BehindProxy>& behind_proxies() const { return behind_proxies_; }

 private:
  std::string kit(std::vector<std::string> words) const;
  std::vector<std::string> command(std::vector<std::string> words) const;

  TemporaryDirectory directory_;
  std::string addresses_;
  std::vector<BehindProxy> behind_proxies_;
};

}  // namespace ringpost::tests
