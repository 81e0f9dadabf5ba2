// Honest clients of a daemon under attack: they publish all the while, through the library, each with a key of its
// own, and afterwards every event must be there, in order.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/daemon.hpp"
#include "tests/support/publisher.hpp"

namespace ringpost::tests {

class Neighbours {
 public:
  // `instance` has the topic "orders" in an embedded cluster, with not more events than that keeps (5 MB a partition).
  Neighbours(const Daemon& daemon, std::string instance, int count = 2);
  ~Neighbours();  // stops them
  Neighbours(const Neighbours&) = delete;
  Neighbours& operator=(const Neighbours&) = delete;

  // Waits until each of them has had so many more events accepted; false when one has not within the deadline.
  bool go_on(std::uint64_t events = 200) const;
  std::uint64_t accepted() const;

  // Stops them and reads the topic: empty, or what is missing, twice there, or out of order. Events of others in the
  // topic are passed over.
  std::string fault();

 private:
  struct Neighbour {
    std::string key;
    std::unique_ptr<Publisher> publisher;
    std::atomic<std::uint64_t> accepted{0};
    std::atomic<int> refused_for_good{0};  // the code
    std::thread thread;
  };
  void publish(Neighbour& neighbour);
  void stop();

  const Daemon& daemon_;
  const std::string instance_;
  std::atomic<bool> stopping_{false};
  std::vector<std::unique_ptr<Neighbour>> neighbours_;
};

}  // namespace ringpost::tests
