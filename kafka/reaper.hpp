// Destroys librdkafka handles on threads of their own: rd_kafka_destroy waits for librdkafka's threads, one
// of which may sit in a DNS look-up for seconds, and an instance's thread must not.
#pragma once

#include <atomic>
#include <functional>
#include <list>
#include <memory>
#include <thread>

namespace ringpost::kafka {

class Reaper {
 public:
  Reaper() = default;
  ~Reaper();  // waits for every handle
  Reaper(const Reaper&) = delete;
  Reaper& operator=(const Reaper&) = delete;

  // Runs `destroy` on a helper thread. Rare: after a fatal error, and when a look-up handle has been idle.
  void retire(std::function<void()> destroy);

 private:
  struct Helper {
    std::atomic<bool> done{false};  // released by the helper, acquired by join_done()
    std::thread thread;
  };
  void join_done();

  std::list<std::unique_ptr<Helper>> helpers_;
};

}  // namespace ringpost::kafka
