// What `ringpost status` and the monitoring read: the instances' readings, and the JSON made of them.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "daemon/instance/instance.hpp"
#include "ipc/descriptor.hpp"

namespace ringpost::daemon {

struct DaemonStatus {
  std::string version;
  pid_t pid = 0;
  std::int64_t uptime_s = 0;
  std::string librdkafka;
  std::uint64_t clients = 0;  // connected
};

// One JSON object, UTF-8. Its fields are described in README.md; fields may be added, never changed.
std::string status_json(const DaemonStatus& daemon, const std::vector<const InstanceStatus*>& instances);

// The text in memory that nobody can change any more. Throws std::system_error.
ipc::Descriptor sealed_text(std::string_view text);

// Takes readings of all instances, one round at a time for however many ask: those who ask during a round
// get the next one, and rounds begin at least kSpacing apart, so that a flood of questions costs the
// instances' threads no more than that.
class StatusRounds {
 public:
  // In the order of the instances. Called on the control thread.
  using Answer = std::function<void(const std::vector<InstanceStatus>& readings)>;
  static constexpr std::chrono::milliseconds kSpacing{20};

  // Both must outlive it.
  StatusRounds(boost::asio::io_context& io, const std::vector<std::unique_ptr<Instance>>& instances)
      : io_(io), instances_(instances), pause_(io) {}

  // Never answers before it returns.
  void ask(Answer answer);

 private:
  void begin_soon();
  void begin();
  void take(std::size_t index, InstanceStatus reading);

  boost::asio::io_context& io_;
  const std::vector<std::unique_ptr<Instance>>& instances_;
  boost::asio::steady_timer pause_;
  std::chrono::steady_clock::time_point began_{};
  bool scheduled_ = false;  // a round is running or about to begin
  std::vector<Answer> next_;
  std::vector<Answer> current_;
  std::vector<InstanceStatus> readings_;
  std::size_t missing_ = 0;
};

}  // namespace ringpost::daemon
