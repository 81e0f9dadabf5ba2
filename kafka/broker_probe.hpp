// Asks single brokers whether they answer, each on a connection of its own: on the producer's one an answer may have to wait
// behind an acks=all that waits for a follower.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "kafka/client_properties.hpp"
#include "kafka/wakeup.hpp"

namespace ringpost::kafka {

// One thread's. A probe goes on until its broker answers or nobody wants to know any more.
class BrokerProbes {
 public:
  BrokerProbes(Properties properties, const Wakeup& wakeup);
  ~BrokerProbes();  // waits for the threads, half a second at the most
  BrokerProbes(const BrokerProbes&) = delete;
  BrokerProbes& operator=(const BrokerProbes&) = delete;

  // These and no others are probed from now on; the first kMaxProbes of them. Who has not answered a new probe after `patience`
  // is silent.
  static constexpr std::size_t kMaxProbes = 16;
  void want(const std::vector<std::string>& addresses, std::chrono::microseconds patience);

  struct Answer {
    std::string address;
    bool answered = false;
    std::string why;  // empty: what is known already
  };
  std::vector<Answer> take();
  void use(Properties properties);  // from now on; those under way are begun anew when they are wanted again

 private:
  struct Probe {
    std::string address;
    Properties properties;
    std::chrono::microseconds patience{};
    std::thread thread;
    std::atomic<bool> stop{false};
    std::atomic<bool> ended{false};
  };

  void run(const Probe& probe);
  void post(Answer answer);
  void reap();

  Properties properties_;
  const Wakeup& wakeup_;
  std::vector<std::unique_ptr<Probe>> probes_;
  std::mutex mutex_;
  std::vector<Answer> answers_;  // under mutex_
};

}  // namespace ringpost::kafka
